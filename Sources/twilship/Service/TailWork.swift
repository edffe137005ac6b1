import Controlling
import Forwarding
import Normalising
import PipelineCore
import Settings

/// Follows records straight from Twilio, for somebody at a terminal.
struct TailWork: Sendable {
    let network: NetworkPool
    let normaliser: Normaliser
    /// How often `streams` is asked again.
    let interval: Duration
    let streams: @Sendable () async -> [SideStream]
    let counted: RequestCount

    /// Runs until the task is cancelled, or nobody takes what is shown.
    func run(_ request: TailRequest, _ voice: CommandVoice) async throws -> ControlEnd {
        let filter = try filter(request)
        let counted = counted
        let tailer = Tailer(
            clock: network.clock, normaliser: normaliser, filter: filter, since: request.since, interval: interval,
            streams: streams,
            counted: { stream, requests, records in
                await counted(stream.key.accountSID, stream.account, stream.key.dataset, requests, records)
            })
        try await tailer.run(
            show: { try await voice.answer(request.hasPlaces ? TailLine.placed($0.line, $0.place) : $0.line) },
            remark: { try await voice.remark($0) })
        return .success
    }

    private func filter(_ request: TailRequest) throws -> TailFilter {
        var filter = TailFilter()
        if !request.accounts.isEmpty {
            filter.accounts = Set(try network.accounts.named(request.accounts).map(\.identity.name))
        }
        if !request.datasets.isEmpty { filter.datasets = Set(request.datasets) }
        filter.selectsService = try Self.selection(request.services, "--service")
        filter.selectsEnvironment = try Self.selection(request.environments, "--environment")
        if !request.functions.isEmpty { filter.functionSIDs = Set(request.functions) }
        filter.minimumSeverity = request.level ?? .debug
        if !request.types.isEmpty {
            let globs = try request.types.map { try Self.glob($0, "--type") }
            filter.matchesType = { type in globs.contains { $0.matches(type) } }
        }
        return filter
    }

    private static func selection(
        _ patterns: [String], _ option: String
    ) throws -> (@Sendable (_ sid: String, _ name: String) -> Bool)? {
        guard !patterns.isEmpty else { return nil }
        let globs = try patterns.map { try glob($0, option) }
        return { sid, name in globs.contains { $0.matches(sid) || $0.matches(name) } }
    }

    private static func glob(_ pattern: String, _ option: String) throws -> Glob {
        guard let glob = Glob(pattern) else {
            throw CommandRefusal.usage("\(option) \(pattern) is no pattern: * stands for any characters, ? for one")
        }
        return glob
    }
}
