import Foundation
import GRDB

extension LatenessHistogram {
    /// The format of `bytes`.
    private static let version: UInt8 = 1
    private static let headerBytes = 9

    /// The histogram as the database keeps it: version, longest (8 bytes of little-endian milliseconds), then for each
    /// bucket that is not empty its number and its count, seven bits to a byte, lowest first, the last below 128.
    package var bytes: [UInt8] {
        var bytes = [Self.version]
        withUnsafeBytes(of: maximumMilliseconds.littleEndian) { bytes.append(contentsOf: $0) }
        for (bucket, count) in counts.enumerated() where count > 0 {
            bytes.append(UInt8(bucket))
            var rest = count
            while rest >= 128 {
                bytes.append(UInt8(rest & 127) | 128)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }

    /// - Returns: nil if the bytes are not what `bytes` gave.
    package init?(bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes, bytes[0] == Self.version else { return nil }
        let longest = bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(fromByteOffset: 1, as: Int64.self)) }
        guard longest >= 0 else { return nil }
        var counts: [Int] = []
        var rest = bytes[Self.headerBytes...]
        while let bucket = rest.popFirst() {
            guard bucket < Self.buckets, let count = Self.number(&rest), count > 0 else { return nil }
            if counts.isEmpty { counts = [Int](repeating: 0, count: Self.buckets) }
            guard counts[Int(bucket)] == 0 else { return nil }
            counts[Int(bucket)] = count
        }
        self.init(counts: counts, maximumMilliseconds: longest)
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var number = 0
        // Nine times seven bits are the 63 of a count.
        for shift in stride(from: 0, to: 63, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= Int(byte & 127) << shift
            if byte < 128 { return number }
        }
        return nil
    }

    /// Lets SQL add histograms up, so that a day's row is updated by one statement: `merge_lateness(old, new)`, either
    /// of them NULL where nothing was late. What cannot be read counts as nothing: it is a statistic.
    static var merging: DatabaseFunction {
        DatabaseFunction("merge_lateness", argumentCount: 2, pure: true) { values in
            var sum = LatenessHistogram()
            for value in values {
                guard let data = Data.fromDatabaseValue(value), let part = LatenessHistogram(bytes: [UInt8](data))
                else { continue }
                sum.merge(part)
            }
            return sum.isEmpty ? nil : Data(sum.bytes)
        }
    }
}
