/// A record that a collector must have found.
package struct TruthRecord: Sendable, Hashable {
    package let dataset: SimulatedDataset
    package let account: String
    /// Of logs.
    package let service: String?
    package let environment: String?
    /// The SID it was made from, even where it does not carry it.
    package let sid: String
    /// By what it can be told from others: the SID, or `sha256:` and the digest of its bytes as listed where it carries
    /// none. Records of shape `allNull` and `null` of a dataset share one.
    package let identity: String
    /// By which it is listed, even where it does not carry it.
    package let date: Int64
    package let readableAt: Int64
    private let source: TruthSource
    private let number: UInt32

    /// The record as lists give it, byte for byte.
    package var raw: [UInt8] { source.raw(number, date: date) }

    fileprivate init(_ source: TruthSource, _ index: Int) {
        let stream = source.stream
        self.source = source
        number = stream.timeline.numbers[index]
        date = stream.timeline.dates[index]
        dataset = stream.dataset
        account = "AC" + stream.place.account.text
        service = stream.service
        environment = stream.environment
        let sid = source.writer.sid(number, of: stream)
        self.sid = sid
        identity = source.writer.digest(number, date: date, of: stream) ?? sid
        readableAt = stream.timeline.readableAt(number)
    }

    package static func == (one: TruthRecord, other: TruthRecord) -> Bool {
        one.sid == other.sid && one.dataset == other.dataset && one.account == other.account
            && one.identity == other.identity && one.date == other.date && one.readableAt == other.readableAt
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(sid)
    }
}

/// Which records the truth is asked for; nil takes all.
struct TruthQuery {
    var account: String?
    var dataset: SimulatedDataset?
    var service: String?
    var environment: String?
    /// Only those that lists give at this instant.
    var isCurrent = false
}

/// A stream as it was when the truth was asked for; shared by the records that are made from it.
final class TruthSource: Sendable {
    let stream: SimulatorState.Stream
    let writer: RecordWriter

    init(_ stream: SimulatorState.Stream, _ writer: RecordWriter) {
        self.stream = stream
        self.writer = writer
    }

    func raw(_ number: UInt32, date: Int64) -> [UInt8] {
        var record: [UInt8] = []
        writer.append(number, date: date, of: stream, to: &record)
        return record
    }
}

/// The readable records of one stream, oldest first, each made when it is looked at.
struct TruthList: Sendable, RandomAccessCollection {
    let source: TruthSource
    let startIndex: Int

    var endIndex: Int { source.stream.timeline.numbers.count }

    subscript(index: Int) -> TruthRecord { TruthRecord(source, index) }

    /// One line a record: dataset, account, identity, date, when it became readable, service, environment; `-` for none.
    func lines(_ range: Range<Int>) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(range.count * 220)
        for record in self[range] {
            lines += "\(record.dataset.rawValue) \(record.account) \(record.identity) ".utf8
            lines += TwilioDate.text(record.date, fraction: true).utf8
            lines.append(UInt8(ascii: " "))
            lines += TwilioDate.text(record.readableAt, fraction: true).utf8
            lines += " \(record.service ?? "-") \(record.environment ?? "-")\n".utf8
        }
        return lines
    }
}

extension SimulatorState {
    func truthLists(_ query: TruthQuery) -> [TruthList] {
        streams.filter { stream in
            (query.dataset == nil || stream.dataset == query.dataset)
                && (query.account == nil || accounts[stream.tag.account].sid == query.account)
                && (query.service == nil || stream.service == query.service)
                && (query.environment == nil || stream.environment == query.environment)
                && (!query.isCurrent || isAlive(stream))
        }
        .map { stream in
            let oldest = query.isCurrent ? now - options.retention.milliseconds : .min
            return TruthList(
                source: TruthSource(stream, writer), startIndex: stream.timeline.index(notBefore: (oldest, 0)))
        }
    }
}
