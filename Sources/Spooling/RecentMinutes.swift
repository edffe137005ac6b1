import Foundation
import GRDB
package import PipelineCore

/// How many records came in each minute of the last hour.
package struct RecentMinutes: Equatable, Sendable {
    /// So many minutes are kept, the one under way included.
    package static let span = 60

    /// By minutes since 1970.
    private var counts: [Int64: Int] = [:]

    package init() {}

    package init(_ count: Int, at time: Timestamp) {
        counts[Self.minute(time)] = count
    }

    private static func minute(_ time: Timestamp) -> Int64 { time.milliseconds / 60_000 }

    /// Of the hour that ends at `now`, oldest first; the last minute is under way.
    package func counts(upTo now: Timestamp) -> [Int] {
        let last = Self.minute(now)
        return (last - Int64(Self.span) + 1...last).map { counts[$0] ?? 0 }
    }

    mutating func add(_ other: RecentMinutes) {
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// Adds what has just come, and forgets what is not of the hour that ends with it: also what a wrong clock filed in
    /// the future.
    mutating func add(newest other: RecentMinutes) {
        add(other)
        guard let newest = other.counts.keys.max() else { return }
        counts = counts.filter { newest - Int64(Self.span) < $0.key && $0.key <= newest }
    }
}

extension RecentMinutes {
    /// The format of `bytes`.
    private static let version: UInt8 = 1
    private static let entryBytes = 16

    /// As the database keeps it: version, then the minute and the count of each that is not empty, 8 bytes each,
    /// little-endian.
    var bytes: [UInt8] {
        var bytes = [Self.version]
        for (minute, count) in counts.sorted(by: { $0.key < $1.key }) where count > 0 {
            withUnsafeBytes(of: minute.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: Int64(count).littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// - Returns: nil if the bytes are not what `bytes` gave.
    init?(bytes: [UInt8]) {
        guard bytes.first == Self.version, bytes.count % Self.entryBytes == 1 else { return nil }
        bytes.withUnsafeBytes { raw in
            for offset in stride(from: 1, to: raw.count, by: Self.entryBytes) {
                let minute = Int64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Int64.self))
                let count = Int64(littleEndian: raw.loadUnaligned(fromByteOffset: offset + 8, as: Int64.self))
                // A number that nobody can have counted would overflow a sum.
                counts[minute] = Int(max(0, min(count, Int64(Int32.max))))
            }
        }
    }

    /// Lets SQL add to what a row holds: `merge_minutes(old, new)`, either of them NULL. What cannot be read counts as
    /// nothing: it is a statistic.
    static var merging: DatabaseFunction {
        DatabaseFunction("merge_minutes", argumentCount: 2, pure: true) { values in
            func minutes(_ value: DatabaseValue) -> RecentMinutes? {
                Data.fromDatabaseValue(value).flatMap { RecentMinutes(bytes: [UInt8]($0)) }
            }
            guard let new = minutes(values[1]) else { return values[0] }
            var sum = minutes(values[0]) ?? RecentMinutes()
            sum.add(newest: new)
            return Data(sum.bytes)
        }
    }
}
