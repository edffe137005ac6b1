import Formatting
import PipelineCore

/// The lines of a batch that go to one path, in the batch's order.
struct PathLines {
    let path: String
    let series: String
    /// Lines, each ended by a line feed.
    fileprivate(set) var bytes: [UInt8] = []
    /// Where each line ends in `bytes`, its line feed included.
    fileprivate(set) var ends: [Int] = []
    /// The records' numbers in the spool.
    fileprivate(set) var sequences: [Int64] = []

    fileprivate init(path: String, series: String) {
        self.path = path
        self.series = series
    }

    var count: Int { ends.count }

    /// Growing by doubling would copy all of it again and again.
    fileprivate mutating func reserve(_ batch: Batch) {
        bytes.reserveCapacity(batch.lineBytes + batch.records.count)
        ends.reserveCapacity(batch.records.count)
        sequences.reserveCapacity(batch.records.count)
    }

    /// Where the line begins in `bytes`; of the line after the last, where `bytes` end.
    func start(of line: Int) -> Int { line == 0 ? 0 : ends[line - 1] }

    /// The line that the byte at `offset` belongs to, or `count` at the end.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first line after those from `line` on that make up at most `room` bytes.
    func lineAfter(_ line: Int, fitting room: Int64) -> Int {
        let start = start(of: line)
        if room >= bytes.count - start { return count }
        return room <= 0 ? line : self.line(at: start + Int(room))
    }

    /// From the first line's number to that of the line before `line`; nil when there is none.
    func delivered(before line: Int) -> ClosedRange<Int64>? {
        line == 0 ? nil : sequences[0]...sequences[line - 1]
    }
}

extension PathLines {
    /// Sorts a batch's records by path, paths in the order of their first record.
    /// - Precondition: the records' numbers grow, as the spool's order has them.
    static func sorting(_ batch: Batch, by template: PathTemplate, format: RecordFormat) -> [PathLines] {
        struct Group: Hashable {
            let origin: SpooledRecord.Origin
            let day: Int64
        }
        var groups: [Group: Int] = [:]
        var places: [String: Int] = [:]
        var sorted: [PathLines] = []
        var current: (group: Group, place: Int)?
        for record in batch.records {
            let day: Int64 = 86_400_000
            let time = record.entry.time
            let group = Group(
                origin: record.origin,
                day: template.isDated ? time.rounded(downTo: .milliseconds(day)).milliseconds / day : 0)
            let place: Int
            if let current, current.group == group {
                place = current.place
            } else if let known = groups[group] {
                place = known
            } else {
                // Origins differ by lane, too, and may share a path.
                let path = template.path(for: record.origin, at: time)
                place = places[path] ?? sorted.count
                if place == sorted.count {
                    var lines = PathLines(path: path, series: template.series(for: record.origin))
                    // Nearly always, all go to one path.
                    if sorted.isEmpty { lines.reserve(batch) }
                    sorted.append(lines)
                    places[path] = place
                }
                groups[group] = place
            }
            current = (group, place)
            precondition(sorted[place].sequences.last.map { $0 < record.sequence } ?? true)
            format.append(record, to: &sorted[place].bytes)
            sorted[place].bytes.append(UInt8(ascii: "\n"))
            sorted[place].ends.append(sorted[place].bytes.count)
            sorted[place].sequences.append(record.sequence)
        }
        return sorted
    }
}
