import Forwarding
import PipelineCore
import Settings
import Sinks
import TwilioSources

/// How many records of one API a day will read, re-reads included, going by its last hour.
struct ReadEstimate: Sendable {
    /// So many environments stand for all, with a request each.
    static let samples = 5
    static let span: Duration = .seconds(3600)
    /// What is younger may not be listed yet.
    private static let margin: Duration = .seconds(10)
    /// A sample that needs more than a page ends here.
    private static let sampleBytes = 512 << 10

    let endpoint: Endpoint
    /// Of function logs, those with a build; nil for what is the account's own.
    let environments: [DiscoveredEnvironment]?

    /// - Returns: nil if there is nothing to read, or if it could not be read; other trials say why.
    func finding() async -> Finding? {
        let streams = environments.map { $0.prefix(Self.samples).map(endpoint.stream) } ?? [endpoint.stream(nil)]
        guard let first = streams.first else { return nil }
        var (records, isMore) = (0, false)
        for stream in streams {
            do throws(SourceError) {
                let source = stream.makeSideSource()
                let now = try await source.serverTime(.live).rounded(downTo: source.tick)
                let window = Window(from: now - Self.margin - Self.span, to: now - Self.margin)
                let memory = MemoryBudget(bytes: Self.sampleBytes)
                let pass = Pass(canSplit: true, urgency: .live, memory: memory.hold(isFirst: false))
                let pages = try await source.read(window, pass).pages
                records += pages.reduce(0) { $0 + $1.records.count }
            } catch {
                switch error {
                case .noRoom, .tooMuch:
                    records += stream.plan.pageSize
                    isMore = true
                default: return nil
                }
            }
        }
        let scale = Double(environments?.count ?? 1) / Double(streams.count)
        let hourly = Int((Double(records) * scale).rounded(.up))
        let looks = 1 + first.plan.ages.count
        let daily = hourly * 24 * looks
        var text =
            "\(endpoint.dataset.rawValue): \(isMore ? "more than" : "about") \(hourly) records in the last hour, each "
            + "read up to \(looks) times: \(isMore ? "more than" : "at most about") \(daily) reads a day"
        guard let allowed = endpoint.collection.maximumReadsPerDay else { return Finding(.note, text) }
        text += ", of max_reads_per_day = \(allowed)"
        guard daily > allowed else { return Finding(.note, text) }
        return Finding(.warning, text + "; too few: looking again is put off first, then polls")
    }
}
