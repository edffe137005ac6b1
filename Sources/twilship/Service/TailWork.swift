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
        try await tailer.run(show: { try await voice.answer($0) }, remark: { try await voice.remark($0) })
        return .success
    }

    private func filter(_ request: TailRequest) throws -> TailFilter {
        var filter = TailFilter()
        if !request.accounts.isEmpty {
            filter.accounts = Set(try network.accounts.named(request.accounts).map(\.identity.name))
        }
        if !request.datasets.isEmpty { filter.datasets = Set(request.datasets) }
        filter.selectsService = try request.service.map { try Self.selection($0, "--service") }
        filter.selectsEnvironment = try request.environment.map { try Self.selection($0, "--environment") }
        filter.functionSID = request.function
        filter.minimumSeverity = request.level ?? .debug
        if let type = request.type {
            let glob = try Self.glob(type, "--type")
            filter.matchesType = { glob.matches($0) }
        }
        return filter
    }

    private static func selection(
        _ pattern: String, _ option: String
    ) throws -> @Sendable (_ sid: String, _ name: String) -> Bool {
        let glob = try glob(pattern, option)
        return { glob.matches($0) || glob.matches($1) }
    }

    private static func glob(_ pattern: String, _ option: String) throws -> Glob {
        guard let glob = Glob(pattern) else {
            throw CommandRefusal.usage("\(option) \(pattern) is no pattern: * stands for any characters, ? for one")
        }
        return glob
    }
}
