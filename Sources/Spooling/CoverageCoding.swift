import PipelineCore

/// A coverage as the database keeps it: 25 bytes per interval (from, to, read at: little-endian milliseconds; state).
enum CoverageCoding {
    private static let intervalBytes = 25

    static func encode(_ coverage: Coverage) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(coverage.intervals.count * intervalBytes)
        for interval in coverage.intervals {
            for time in [interval.window.from, interval.window.to, interval.readAt] {
                withUnsafeBytes(of: time.milliseconds.littleEndian) { bytes.append(contentsOf: $0) }
            }
            bytes.append(interval.state.rawValue)
        }
        return bytes
    }

    /// - Returns: nil if the bytes are not what `encode` made.
    static func decode(_ bytes: [UInt8]) -> Coverage? {
        guard bytes.count % intervalBytes == 0 else { return nil }
        var intervals: [Coverage.Interval] = []
        intervals.reserveCapacity(bytes.count / intervalBytes)
        for start in stride(from: 0, to: bytes.count, by: intervalBytes) {
            func time(_ index: Int) -> Timestamp {
                bytes.withUnsafeBytes {
                    Timestamp(
                        milliseconds: Int64(
                            littleEndian: $0.loadUnaligned(fromByteOffset: start + index * 8, as: Int64.self)))
                }
            }
            guard time(0) < time(1), let state = Coverage.State(rawValue: bytes[start + 24]) else { return nil }
            let window = Window(from: time(0), to: time(1))
            intervals.append(Coverage.Interval(window: window, readAt: time(2), state: state))
        }
        return Coverage(intervals: intervals)
    }
}
