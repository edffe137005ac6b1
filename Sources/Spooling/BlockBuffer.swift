/// Memory for writing past the page cache, which takes whole blocks that begin at whole blocks, in the file
/// and in memory (open(2), "O_DIRECT"). It is kept for the next use: touching new memory costs more than copying.
final class BlockBuffer {
    /// No disk or file system in use asks for more.
    static let blockBytes = 4096
    /// A single long record may need more for once.
    private static let mostKept = 2 << 20

    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit {
        memory.deallocate()
    }

    static func roundedUp(_ count: Int) -> Int {
        (count + blockBytes - 1) / blockBytes * blockBytes
    }

    /// At least `count` bytes, rounded up to whole blocks; valid within `body`, their contents undefined.
    func withBlocks<Result, Failure: Error>(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let needed = Self.roundedUp(count)
        if memory.count < needed || memory.count > max(needed, Self.mostKept) {
            memory.deallocate()
            memory = .allocate(byteCount: needed, alignment: Self.blockBytes)
        }
        return try body(UnsafeMutableRawBufferPointer(rebasing: memory[..<needed]))
    }
}
