/// A record that a collector must have found.
package struct TruthRecord: Sendable, Hashable {
    package let dataset: SimulatedDataset
    package let account: String
    package let sid: String
    package let date: Int64
    package let readableAt: Int64
}

/// The readable records of one stream, oldest first, each made when it is looked at.
struct TruthList: Sendable, RandomAccessCollection {
    let stream: SimulatorState.Stream
    let sids: SIDs

    var startIndex: Int { 0 }
    var endIndex: Int { stream.timeline.numbers.count }

    subscript(index: Int) -> TruthRecord {
        let number = stream.timeline.numbers[index]
        return TruthRecord(
            dataset: stream.dataset, account: "AC" + stream.place.account.text,
            sid: sids.text(stream.dataset == .events ? "AE" : "NO", stream.tag, UInt64(number)),
            date: stream.timeline.dates[index], readableAt: stream.timeline.readableAt(number))
    }

    /// One line a record: dataset, account, SID, date, when it became readable.
    func lines(_ range: Range<Int>) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(range.count * 140)
        for record in self[range] {
            lines += "\(record.dataset.rawValue) \(record.account) \(record.sid) ".utf8
            lines += TwilioDate.text(record.date, fraction: true).utf8
            lines.append(UInt8(ascii: " "))
            lines += TwilioDate.text(record.readableAt, fraction: true).utf8
            lines.append(UInt8(ascii: "\n"))
        }
        return lines
    }
}
