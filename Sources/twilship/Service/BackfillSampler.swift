import Controlling
import Forwarding
import Foundation
import PipelineCore
import Settings
import Spooling

/// `backfill --plan`: estimates what a backfill costs from a few samples. Nothing is stored.
struct BackfillSampler: Sendable {
    /// Not begun with after so many requests, so that a stream is asked about five.
    static let requestsBeforeLastSample = 3
    /// A sample that needs more than a page ends here.
    static let sampleBytes = 512 << 10
    static let firstSample: Duration = .seconds(60)
    static let longestSample: Duration = .seconds(3600)
    /// As `WindowPlanner` has them.
    private static let firstLength = 3600.0
    private static let longestLength = 7 * 86_400.0
    private static let targetPages = 4

    let network: NetworkPool
    let settings: ResolvedSettings
    let counted: RequestCount

    private struct Estimate: Sendable {
        let place: String
        let pacer: PollPacer
        var requests = 0.0
        var records = 0.0
        var asked = 0
        var error: SourceError?
    }

    func run(_ request: BackfillRequest, _ streams: [SideStream], _ voice: CommandVoice) async throws -> ControlEnd {
        let places = try BackfillWork.places(request, network, settings)
        let names = Set(places.map(\.name))
        let reader = try? StateReader(StateDirectory(path: settings.state.directory))
        var estimates: [Estimate] = []
        var began: [String: Timestamp] = [:]
        for stream in streams.map(\.stream) {
            let name = "\(stream.account) \(stream.key.dataset.rawValue)"
            guard names.contains(name), request.sink == nil else { continue }
            let start = stream.start.instant(network.clock.wallNow)
            let need = try reader?.backfillNeed(of: stream.key, start: start, window: request.window)
            began[name] = max(began[name] ?? start, need?.start ?? start)
        }
        try await withThrowingTaskGroup(of: Estimate.self) { group in
            for side in streams {
                let name = "\(side.stream.account) \(side.stream.key.dataset.rawValue)"
                guard names.contains(name) else { continue }
                let parts = try parts(request, side.stream, reader)
                group.addTask { try await estimate(name, side, parts) }
            }
            for try await estimate in group { estimates.append(estimate) }
        }
        try await tell(request, places, estimates, began, voice)
        let errors = estimates.compactMap(\.error)
        guard !errors.isEmpty, errors.count == estimates.count else { return .success }
        let isRefused = errors.allSatisfy { if case .unauthorized = $0 { true } else { false } }
        return ControlEnd(exit: isRefused ? 77 : 75, error: "nothing could be read: \(errors[0])")
    }

    private func parts(
        _ request: BackfillRequest, _ stream: Ingestor.Stream, _ reader: StateReader?
    ) throws -> [Window] {
        if request.sink != nil { return [request.window] }
        let start = stream.start.instant(network.clock.wallNow)
        if let reader { return try reader.backfillNeed(of: stream.key, start: start, window: request.window).parts }
        guard request.window.from < min(start, request.window.to) else { return [] }
        return [Window(from: request.window.from, to: min(start, request.window.to))]
    }

    /// Reads three short windows: how dense records are.
    private func estimate(_ name: String, _ side: SideStream, _ parts: [Window]) async throws -> Estimate {
        var estimate = Estimate(place: name, pacer: side.sharing.pacer)
        let source = side.stream.makeSideSource()
        let pageSize = side.stream.plan.pageSize
        var (records, seconds) = (0.0, 0.0)
        for (number, share) in [0.5, 0.25, 0.75].enumerated() where !parts.isEmpty {
            if number > 0, source.asked.requests > Self.requestsBeforeLastSample { break }
            let density = seconds > 0 ? records / seconds : 0
            let wanted =
                number == 0
                ? Self.firstSample
                : density > 0
                    ? Duration.seconds(min(Double(pageSize) / 2 / density, 3600)) : Self.longestSample
            let window = Self.sample(of: parts, at: share, wanted, tick: source.tick)
            let memory = MemoryBudget(bytes: Self.sampleBytes)
            let pass = Pass(canSplit: true, urgency: .idle, memory: memory.hold(isFirst: false))
            do throws(SourceError) {
                let contents = try await source.read(window, pass)
                let count = contents.pages.reduce(0) { sum, page in
                    sum + page.records.count { $0.time.map(window.contains) ?? false }
                }
                records += Double(count)
                seconds += window.length.inSeconds
            } catch {
                guard number < 3, error.isFullSample else {
                    estimate.error = error
                    break
                }
                // More than a page: at least that many.
                records += Double(pageSize)
                seconds += window.length.inSeconds
            }
        }
        estimate.asked = source.asked.requests
        let density = seconds > 0 ? records / seconds : 0
        for part in parts {
            let length = part.length.inSeconds
            estimate.records += density * length
            estimate.requests += Self.requests(length, density, pageSize: pageSize)
        }
        await counted(
            side.stream.key.accountSID, side.stream.account, side.stream.key.dataset, source.asked.requests,
            Int(records))
        return estimate
    }

    private static func sample(of parts: [Window], at share: Double, _ wanted: Duration, tick: Duration) -> Window {
        let all = parts.reduce(Duration.zero) { $0 + $1.length }
        var offset = all * share
        var part = parts[0]
        for candidate in parts {
            part = candidate
            if offset < candidate.length { break }
            offset -= candidate.length
        }
        let from = min(part.from + offset, part.to - tick).rounded(downTo: tick)
        return Window(from: from, to: max(from + tick, min(part.to, from + max(tick, wanted)).rounded(downTo: tick)))
    }

    /// How many requests a range takes when windows grow and shrink as the planner makes them; an empty one is read twice.
    private static func requests(_ span: Double, _ density: Double, pageSize: Int) -> Double {
        let target = Double(pageSize * targetPages)
        var (done, length, requests) = (0.0, firstLength, 0.0)
        // After so many windows their length has settled.
        for _ in 0..<1000 where done < span {
            let window = min(length, span - done)
            let records = density * window
            requests += records < 0.5 ? 2 : max(1, (records / Double(pageSize)).rounded(.up))
            done += window
            length = min(longestLength, length * min(8, max(1.0 / 8, target / max(1, records))))
        }
        return done < span ? requests * span / done : requests
    }

    private func tell(
        _ request: BackfillRequest, _ places: [BackfillWork.Place], _ estimates: [Estimate],
        _ began: [String: Timestamp], _ voice: CommandVoice
    ) async throws {
        try await voice.answer(
            "\(request.window.from.rfc3339) to \(request.window.to.rfc3339), "
                + (request.sink.map { "for sink \($0) only" } ?? "for all sinks"))
        for place in places {
            let its = estimates.filter { $0.place == place.name }
            for error in its.compactMap(\.error).prefix(1) { try await voice.remark("\(place.name): \(error)") }
            try await voice.answer(
                "  \(place.name): \(Self.cost(its)), \(its.count) \(its.count == 1 ? "stream" : "streams")")
            guard let begin = began[place.name], begin < request.window.to else { continue }
            try await voice.answer(
                "    left out: from \(max(begin, request.window.from).rfc3339Seconds) on, behind the start of collection: "
                    + "it is collected anyway")
        }
        // What shares a rate limit adds up; the others go on at the same time.
        var minutes = 0.0
        for (_, its) in Dictionary(grouping: estimates, by: { ObjectIdentifier($0.pacer) }) {
            let rate = its.first.map(\.pacer.budget) ?? 1
            minutes = max(minutes, its.reduce(0) { $0 + $1.requests } / max(0.001, rate) / 60)
        }
        try await voice.answer(
            "in all \(Self.cost(estimates)), at least \(Self.time(minutes)) at the rate limit, behind live collection")
        let asked = estimates.reduce(0) { $0 + $1.asked }
        try await voice.remark("estimated from samples that took \(asked) requests; nothing was stored")
    }

    private static func cost(_ estimates: [Estimate]) -> String {
        let requests = Int(estimates.reduce(0) { $0 + $1.requests }.rounded(.up))
        let records = Int(estimates.reduce(0) { $0 + $1.records }.rounded(.up))
        return requests == 0 ? "nothing to read" : "about \(requests) requests and \(records) records read"
    }

    private static func time(_ minutes: Double) -> String {
        minutes < 1 ? "a minute" : "\(Int(minutes.rounded(.up))) minutes"
    }
}

extension SourceError {
    /// There was more in the window than a sample takes.
    fileprivate var isFullSample: Bool {
        switch self {
        case .noRoom, .tooMuch: true
        default: false
        }
    }
}
