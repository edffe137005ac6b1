/// `[sink.batch]`: how much is sent at once.
package struct BatchSettings: Sendable, Equatable {
    package let maximumRecords: Int
    package let maximumBytes: Int
    /// Groups records behind a batch in flight; an idle sink is sent to at once.
    package let maximumWait: Duration
    package let inFlight: Int
    let maximumBytesOrigin: SourceLocation?

    /// A batch is held in memory, `in_flight` times per sink.
    private static let byteBounds = 4 << 10...16 << 20

    /// - Parameter isForFile: nobody has to take in such a batch at once, and what each one costs is syncs.
    init(_ reader: TableReader?, isForFile: Bool) {
        maximumRecords = reader?.integer("max_records", in: 1...10_000) ?? (isForFile ? 4_000 : 1_000)
        maximumBytes = reader?.size("max_bytes", in: Self.byteBounds) ?? (isForFile ? 4 << 20 : 1 << 20)
        maximumWait = reader?.duration("max_wait", in: .zero...Duration.minutes(5)) ?? .seconds(1)
        inFlight = reader?.integer("in_flight", in: 1...16) ?? 1
        if inFlight > 1 { reader?.requires(.batchesInFlight, for: "in_flight") }
        maximumBytesOrigin = reader.flatMap { $0.has("max_bytes") ? $0.location(of: "max_bytes") : nil }
        reader?.finish()
    }

    package static func == (left: Self, right: Self) -> Bool {
        (left.maximumRecords, left.maximumBytes, left.maximumWait, left.inFlight)
            == (right.maximumRecords, right.maximumBytes, right.maximumWait, right.inFlight)
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("sink.batch")
        writer.key("max_records", maximumRecords)
        writer.key("max_bytes", size: maximumBytes)
        writer.key("max_wait", maximumWait)
        writer.key("in_flight", inFlight)
    }
}
