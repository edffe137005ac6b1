/// Bytes being written one small piece after the other.
///
/// An array asks with every piece whether it is shared; an envelope has some fifty pieces, and that alone took as long as
/// the rest of its making.
struct LineWriter: ~Copyable {
    /// Enough for nearly all envelopes without `raw`, and small enough for malloc's fastest path.
    private static let usualCapacity = 1008

    private var start = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.usualCapacity)
    private var capacity = Self.usualCapacity
    private(set) var count = 0

    deinit {
        start.deallocate()
    }

    var written: Text {
        Text(start: start, count: count)
    }

    @inline(__always)
    mutating func append(_ bytes: Text) {
        guard let source = bytes.baseAddress else { return }
        if capacity - count < bytes.count { grow(by: bytes.count) }
        (start + count).initialize(from: source, count: bytes.count)
        count += bytes.count
    }

    private mutating func grow(by more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.initialize(from: start, count: count)
        start.deallocate()
        start = larger
    }
}
