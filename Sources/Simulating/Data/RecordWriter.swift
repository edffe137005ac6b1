import Crypto

/// Writes any stream's records, and knows by what each can be told from others.
struct RecordWriter: Sendable {
    let sids: SIDs
    let events: EventRecords
    let logs: LogRecords
    let alerts: AlertRecords
    private let odd: OddRecords

    init(sids: SIDs, options: SimulatorOptions) {
        let seed = options.seed
        self.sids = sids
        events = EventRecords(sids: sids, seed: seed)
        logs = LogRecords(
            sids: sids, seed: seed, dates: options.logPrecision == .seconds ? .seconds : .milliseconds,
            withoutFunction: options.withoutFunction)
        let dates: RecordTemplate.DateForm =
            switch options.alertDates {
            case .seconds: .seconds
            case .milliseconds: .milliseconds
            case .rfc2822: .rfc2822
            }
        alerts = AlertRecords(
            sids: sids, seed: seed, dates: dates, createdDelay: options.alertCreatedDelay.milliseconds)
        odd = OddRecords(options.odd, seed: seed)
    }

    /// - Parameter isSingle: as the answer about this record alone, which for alerts has more fields.
    func append(
        _ number: UInt32, date: Int64, of stream: SimulatorState.Stream, isSingle: Bool = false,
        to page: inout [UInt8]
    ) {
        let begin = page.count
        switch stream.dataset {
        case .events:
            events.append(number, date: date, stream: stream.tag, accountSID: stream.place.account, to: &page)
        case .logs: logs.append(number, date: date, place: stream.place, stream.timeline.choice(number), to: &page)
        case .alerts:
            alerts.append(
                number, date: date, stream: stream.tag, accountSID: stream.place.account, isSingle: isSingle,
                to: &page)
        }
        if let shape = shape(number, of: stream) {
            odd.apply(shape, dataset: stream.dataset, date: date, from: begin, to: &page)
        }
    }

    func shape(_ number: UInt32, of stream: SimulatorState.Stream) -> RecordShape? {
        number < Timeline.firstEmitted ? odd.shape(number, stream.tag) : stream.timeline.emittedShape(number)
    }

    func sid(_ number: UInt32, of stream: SimulatorState.Stream) -> String {
        sids.text(stream.dataset.sidPrefix, stream.tag, UInt64(number))
    }

    /// `sha256:` and the digest of its listed bytes, of a record that carries no SID; nil for others.
    func digest(_ number: UInt32, date: Int64, of stream: SimulatorState.Stream) -> String? {
        guard let shape = shape(number, of: stream), !shape.hasSID else { return nil }
        var record: [UInt8] = []
        append(number, date: date, of: stream, to: &record)
        var text = "sha256:"
        for byte in SHA256.hash(data: record) {
            text += byte < 16 ? "0" : ""
            text += String(byte, radix: 16)
        }
        return text
    }
}
