import PipelineCore
import Spooling

/// A spool of its own, into which the same lines go again and again with identities that are all different.
struct BenchSpool {
    static let accountSID = "AC00000000000000000000000000000001"

    let spool: Spool
    private let stream: StreamID
    private let block: EnvelopeBlock
    private static let start: Int64 = 1_700_000_000_000

    /// - Parameter block: what one window holds.
    init(folder: String, block: EnvelopeBlock) async throws {
        spool = try Spool(
            directory: StateDirectory(path: "\(folder)/state"),
            options: SpoolOptions(maximumBytes: 1 << 40, retain: .seconds(86_400)), version: "1.0.0",
            now: { Timestamp(milliseconds: Self.start) })
        stream = try await spool.place(
            of: StreamKey(
                accountSID: Self.accountSID, dataset: .serverlessLogs, host: "bench", serviceSID: "ZS",
                environmentSID: "ZE"),
            account: "bench", start: Timestamp(milliseconds: Self.start)
        ).id
        self.block = block
    }

    /// Compares a window with the ledger and appends it, as collecting does.
    func append(_ number: Int) async throws {
        let window = Window(from: time(number), to: time(number + 1))
        let items = items(number)
        let (known, comparedAt) = try await spool.compare(items, in: stream)
        guard known.isEmpty else { throw BenchError("the ledger knows a record that is new") }
        let done = Coverage.Interval(
            window: Window(from: time(0), to: window.to), readAt: window.to, state: .finished)
        guard let coverage = Coverage(intervals: [done]) else { throw BenchError("no coverage") }
        try await spool.append(
            Advance(
                stream: stream, account: "bench", accountSID: Self.accountSID, dataset: .serverlessLogs,
                parts: [EnvelopeLines(lane: .catchUp, block: block)], taken: items, comparedAt: comparedAt,
                coverage: coverage, checkpoint: nil, window: window, readAt: window.to, gap: nil, requestIDs: ["RQ"],
                requests: 1, recordsRead: items.count, length: nil, lateness: LatenessHistogram()))
    }

    /// Whether the ledger has a window's records.
    func knows(_ number: Int) async throws -> Bool {
        let items = items(number)
        return try await spool.compare(items, in: stream).known.count == items.count
    }

    func close() async throws {
        try await spool.close()
    }

    /// Windows are a second long: together they are as far as the ledger reaches back, and more.
    private func time(_ number: Int) -> Timestamp { Timestamp(milliseconds: Self.start + Int64(number) * 1_000) }

    private func items(_ number: Int) -> [LedgerItem] {
        let count = block.entries.count
        return (0..<count).map { index in
            // Spread over all 128 bits, as SIDs are.
            var bits = UInt64(number * count + index) &* 0x9e37_79b9_7f4a_7c15
            bits = (bits ^ bits >> 31) &* 0xbf58_476d_1ce4_e5b9
            return LedgerItem(
                identity: RecordIdentity(high: bits ^ bits >> 29, low: UInt64(index)),
                time: time(number) + .milliseconds(index * 999 / count))
        }
    }
}
