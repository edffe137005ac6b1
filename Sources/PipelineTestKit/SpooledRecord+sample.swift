package import PipelineCore

extension SpooledRecord {
    /// A record whose line names `sequence`, padded to about `length` bytes.
    package static func sample(
        _ sequence: Int64, account: String = "production", dataset: Dataset = .serverlessLogs,
        time: Timestamp = Timestamp(milliseconds: 1_412_354_905_000), length: Int = 0, raw: String? = nil
    ) -> SpooledRecord {
        let start = #"{"id":"NO\#(sequence)","message":""#
        let raw = raw ?? #"{"sid":"NO\#(sequence)"}"#
        let middle = #"","raw":"#
        let padding = String(
            repeating: "x", count: max(0, length - start.utf8.count - middle.utf8.count - raw.utf8.count - 2))
        let head = start + padding + middle
        let line = head + raw + "}"
        let rawStart = head.utf8.count
        return SpooledRecord(
            sequence: sequence,
            origin: Origin(account: account, accountSID: "AC0123", dataset: dataset, lane: .live),
            bytes: Array(line.utf8),
            entry: EnvelopeBlock.Entry(
                line: 0..<line.utf8.count, raw: rawStart..<rawStart + raw.utf8.count, id: 7..<8, type: 0..<0,
                time: time, severity: .info, identity: RecordIdentity(high: 0, low: UInt64(sequence))))
    }
}
