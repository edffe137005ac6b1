import Controlling
import Forwarding
import Foundation
import PipelineCore
import Settings
import Spooling

/// Notes backfills down, tells how far they are, and cancels them; `Backfiller` carries them out.
struct BackfillWork: Sendable {
    /// How often a follower is told how far it is.
    static let interval: Duration = .milliseconds(500)
    /// Twilio keeps records so long for everybody.
    static let retention: Duration = .seconds(30 * 86_400)

    private let settings: ResolvedSettings
    private let network: NetworkPool
    private let registry: StreamRegistry
    private let spool: Spool
    private let board: StatusBoard

    init(_ assembly: Assembly) {
        board = assembly.board
        settings = assembly.settings
        network = assembly.network
        registry = assembly.registry
        spool = assembly.spool
    }

    /// One API of one account.
    struct Place: Sendable {
        let account: String
        let accountSID: String
        let dataset: Dataset

        var name: String { "\(account) \(dataset.rawValue)" }
    }

    /// What a request is about.
    static func places(
        _ request: BackfillRequest, _ network: NetworkPool, _ settings: ResolvedSettings
    ) throws -> [Place] {
        let now = network.clock.wallNow
        guard request.window.to <= now + .seconds(60) else {
            throw CommandRefusal.usage("--to \(request.window.to.rfc3339) lies in the future; it is \(now.rfc3339) now")
        }
        if let sink = request.sink, !settings.sinks.contains(where: { $0.name == sink }) {
            throw CommandRefusal.unknown("sink", sink, among: settings.sinks.map(\.name))
        }
        let accounts = try network.accounts.named(request.account.map { [$0] } ?? [])
        let places = accounts.flatMap { account in
            account.settings.collections.filter(\.enabled).compactMap { collection in
                Dataset(rawValue: collection.dataset.rawValue).map {
                    Place(account: account.identity.name, accountSID: account.identity.sid, dataset: $0)
                }
            }
        }.filter { request.dataset == nil || request.dataset == $0.dataset }
        guard !places.isEmpty else {
            let whose = request.account.map { "account \($0) does not collect" } ?? "no account collects"
            throw CommandRefusal.usage(
                "\(whose) \(request.dataset?.rawValue ?? "anything"); enable it in the configuration first")
        }
        return places
    }

    /// Notes the jobs down, one for each API of each account; one that is open already goes on instead.
    /// - Returns: their numbers.
    func add(_ request: BackfillRequest, _ uid: UInt32, _ voice: CommandVoice) async throws -> [Int64] {
        let places = try Self.places(request, network, settings)
        if request.window.from < network.clock.wallNow - Self.retention {
            try await voice.remark("Twilio keeps records for 30 days, events of some editions for 13 months")
        }
        let open = try await spool.backfills(openOnly: true)
        var jobs: [Int64] = []
        for place in places {
            let same = open.first {
                $0.identities == nil
                    && ($0.accountSID, $0.dataset, $0.window, $0.sink)
                        == (place.accountSID, place.dataset, request.window, request.sink)
            }
            if let same {
                try await voice.remark("job \(same.id) goes on: \(Self.described(same))")
                jobs.append(same.id)
                continue
            }
            if let reason = try idle(place, request) {
                try await voice.remark("\(place.name): \(reason)")
                continue
            }
            let job = try await spool.addBackfill(
                account: place.account, accountSID: place.accountSID, dataset: place.dataset, window: request.window,
                sink: request.sink, requestedBy: uid)
            try await voice.remark("job \(job.id): \(Self.described(job))")
            jobs.append(job.id)
        }
        if jobs.isEmpty { try await voice.remark("there is nothing to do") }
        return jobs
    }

    /// Why a job would have nothing to do; nil if it has, or if that is not known yet.
    private func idle(_ place: Place, _ request: BackfillRequest) throws -> String? {
        if let name = request.sink, let sink = settings.sinks.first(where: { $0.name == name }) {
            let filter = sink.filter
            guard !filter.datasets.isEmpty,
                !filter.datasets.contains(where: { $0.rawValue == place.dataset.rawValue })
                    || !filter.accounts.isEmpty && !filter.accounts.contains(place.account)
            else { return nil }
            return "[sink.filter] of \(name) takes none of it"
        }
        guard let ingestors = registry.ingestors(accountSID: place.accountSID, place.dataset), !ingestors.isEmpty else {
            return nil
        }
        let reader = try StateReader(StateDirectory(path: settings.state.directory))
        var begin: Timestamp?
        for ingestor in ingestors {
            let need = try reader.backfillNeed(
                of: ingestor.stream.key, start: ingestor.stream.start.instant(network.clock.wallNow),
                window: request.window)
            guard need.parts.isEmpty else { return nil }
            begin = max(begin ?? need.start, need.start)
        }
        guard let begin, begin <= request.window.from else {
            return "an earlier backfill has read all of it; --sink NAME sends it to one sink again"
        }
        return "collection began at \(begin.rfc3339Seconds), so all of it was or will be collected without a backfill; "
            + "--sink NAME sends it to one sink again"
    }

    static func described(_ job: BackfillJob) -> String {
        "\(job.account) \(job.dataset.rawValue), \(job.window.from.rfc3339) to \(job.window.to.rfc3339), "
            + (job.sink.map { "for sink \($0) only" } ?? "for all sinks")
    }

    /// Tells how far the jobs are until all have ended.
    func follow(_ jobs: [Int64], _ voice: CommandVoice) async throws -> ControlEnd {
        try await voice.remark(
            "interrupting this command does not stop them; twilship backfill --cancel "
                + "\(jobs.map(String.init).joined(separator: " and --cancel ")) does")
        var meter: ProgressMeter?
        var told: String?
        while true {
            let status = try await spool.backfillStatus().filter { jobs.contains($0.job.id) }
            let now = network.clock.monotonicNow
            let started = meter ?? BackfillReport.meter(status, at: now)
            meter = started
            guard status.contains(where: \.job.isOpen) else {
                for one in status { try await voice.remark(BackfillReport.end(one)) }
                return status.contains { $0.job.cancelledAt != nil }
                    ? ControlEnd(exit: 75, error: "cancelled before its end; what was read until then stays") : .success
            }
            if let trouble = trouble(of: status.map(\.job)), trouble != told {
                try await voice.remark(trouble)
                told = trouble
            }
            try await voice.progress(BackfillReport.progress(status, started, at: now))
            try await network.clock.sleep(for: Self.interval)
        }
    }

    /// Why jobs may not get on: live collection of the same streams fails, or what they are read from is not found.
    private func trouble(of jobs: [BackfillJob]) -> String? {
        let now = board.now
        for job in jobs where job.isOpen {
            let ingestors = registry.ingestors(accountSID: job.accountSID, job.dataset)
            for ingestor in ingestors ?? [] {
                guard let status = now.streams[ingestor.stream.key], status.failures > 0, let error = status.lastError
                else { continue }
                return "\(job.account) \(job.dataset.rawValue) waits, and goes on by itself: \(error)"
            }
            if ingestors == nil {
                return "\(job.account) \(job.dataset.rawValue) waits until its streams have been found"
            }
        }
        return nil
    }

    func cancel(_ id: Int, _ voice: CommandVoice) async throws -> ControlEnd {
        guard let job = try await spool.backfills(openOnly: false).first(where: { $0.id == id }) else {
            throw CommandRefusal.usage("there is no backfill \(id); twilship backfill --list shows them")
        }
        guard try await spool.cancelBackfill(job.id) else {
            throw CommandRefusal.usage("backfill \(id) has ended already")
        }
        try await voice.remark("backfill \(id) is cancelled; what was read until now stays: \(Self.described(job))")
        return .success
    }
}
