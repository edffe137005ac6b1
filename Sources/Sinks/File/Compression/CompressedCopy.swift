import Glibc

/// One file being compressed into another, a piece at a time, in constant memory.
final class CompressedCopy {
    /// Read at a time.
    static let pieceLength = 64 << 10

    private let source: String
    private let target: String
    private let input: Int32
    private let output: Int32
    private let compressor: any Compressor
    private var piece = [UInt8](repeating: 0, count: pieceLength)
    private var isFinished = false

    /// - Parameter target: must not exist; it is made 0600.
    init(of source: String, in target: String, _ form: CompressionForm) throws(FileSinkError) {
        self.source = source
        self.target = target
        compressor = try form.compressor(for: source)
        input = try FileSystem.open(source, O_RDONLY)
        do throws(FileSinkError) {
            output = try FileSystem.open(target, O_WRONLY | O_CREAT | O_EXCL)
        } catch {
            close(input)
            throw error
        }
    }

    deinit {
        close(input)
        close(output)
    }

    /// Compresses the next piece. False when the source's end was reached and everything is written.
    func compressPiece() throws(FileSinkError) -> Bool {
        if isFinished { return false }
        let count = try FileSystem.read(input, &piece, path: source)
        isFinished = count == 0
        try compressor.compress(piece[..<count]) { bytes throws(FileSinkError) in try write(bytes) }
        return !isFinished
    }

    /// Makes the compressed file last, with the mode, owner and times of the original.
    func finish(like original: FileSystem.Status) throws(FileSinkError) {
        precondition(isFinished)
        // Keeping another owner needs privileges; a hardened service may not even ask for what is so already.
        let ours = try FileSystem.status(of: output, path: target)
        if (ours.owner, ours.group) != (original.owner, original.group),
            fchown(output, original.owner, original.group) != 0, fchown(output, uid_t.max, original.group) != 0
        {
            throw .failed("set the group of", path: target, code: errno)
        }
        guard fchmod(output, original.mode & 0o777) == 0 else {
            throw .failed("set the mode of", path: target, code: errno)
        }
        var times = [original.accessed, original.modified]
        guard futimens(output, &times) == 0 else { throw .failed("set the time of", path: target, code: errno) }
        guard fsync(output) == 0 else { throw .failed("sync", path: target, code: errno) }
    }

    private func write(_ bytes: ArraySlice<UInt8>) throws(FileSinkError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .failed("write to", path: target, code: errno) }
            rest = rest.dropFirst(written)
        }
    }
}
