package import Normalising
package import PipelineCore

/// Follows streams as they come, straight from Twilio: nothing is stored, and no stream's place is moved.
///
/// - Each stream is polled at its plan's interval, or more rarely where the rate limit is shared by many; every poll
///   looks again at the last minute. What was shown is not shown again.
/// - Streams are merged by time: records wait until the polls under way are answered, but not longer than `holdBack`.
///   While streams are still reading what lies back, records wait for the one that is furthest behind.
/// - A window that holds too much is halved; nothing is skipped.
/// - A stream that fails is told once, tried again, and holds up no other.
package struct Tailer: Sendable {
    /// So many records may wait for streams that are behind.
    static let mostWaiting = 20_000
    /// Records do not wait longer for those of other streams.
    static let holdBack: Duration = .seconds(2)

    private enum Event: Sendable {
        case due(StreamKey)
        case read(StreamKey, Window, now: Timestamp, Result<WindowContents, SourceError>)
        case serverTime(StreamKey, SourceError)
        case flush
        case found([SideStream])
    }

    private let clock: any PipelineClock
    private let normaliser: Normaliser
    private let filter: TailFilter
    private let since: Duration
    private let interval: Duration
    private let streams: @Sendable () async -> [SideStream]
    private let counted: @Sendable (_ stream: Ingestor.Stream, _ requests: Int, _ records: Int) async -> Void

    /// - Parameters:
    ///   - since: so far back it begins.
    ///   - interval: how often `streams` is asked again.
    ///   - streams: what there is to follow now.
    ///   - counted: told of the requests made and the records read.
    package init(
        clock: any PipelineClock, normaliser: Normaliser, filter: TailFilter, since: Duration, interval: Duration,
        streams: @escaping @Sendable () async -> [SideStream],
        counted: @escaping @Sendable (_ stream: Ingestor.Stream, _ requests: Int, _ records: Int) async -> Void
    ) {
        self.clock = clock
        self.normaliser = normaliser
        self.filter = filter
        self.since = since
        self.interval = interval
        self.streams = streams
        self.counted = counted
    }

    /// Runs until the task is cancelled or `show` throws.
    /// - Parameters:
    ///   - show: gets each record.
    ///   - remark: gets sentences about what does not work.
    package func run(
        show: (TailRecord) async throws -> Void, remark: @escaping (String) async throws -> Void
    ) async throws {
        let begin = clock.wallNow - since
        var followed: [StreamKey: TailedStream] = [:]
        var reading: Set<StreamKey> = []
        var waiting: [TailRecord] = []
        var isFlushDue = false
        var hasLooked = false
        var troubles = TailTroubles()
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask { .found(await streams()) }
            while let event = try await group.next() {
                try Task.checkCancellation()
                switch event {
                case .found(let found):
                    let selected = found.filter { filter.selects($0.stream) }
                    let keys = Set(selected.map(\.stream.key))
                    for key in followed.keys where !keys.contains(key) { followed[key] = nil }
                    // Streams of one interval are polled together.
                    let due = clock.monotonicNow
                    for side in selected where followed[side.stream.key] == nil && !reading.contains(side.stream.key) {
                        followed[side.stream.key] = TailedStream(side, from: begin, due: due)
                        group.addTask { .due(side.stream.key) }
                    }
                    if followed.isEmpty, !hasLooked {
                        try await remark("nothing that is collected is selected by this; it is looked for again")
                    }
                    hasLooked = true
                    group.addTask {
                        try await clock.sleep(for: interval)
                        return .found(await streams())
                    }
                case .due(let key):
                    guard let stream = followed[key] else { break }
                    // Who is far ahead of those that are still reading what lies back waits for them.
                    if waiting.count > Self.mostWaiting,
                        followed.values.contains(where: {
                            !$0.isLive && !$0.isFailing && $0.position < stream.position
                        })
                    {
                        group.addTask {
                            try await clock.sleep(for: Self.holdBack)
                            return .due(key)
                        }
                        break
                    }
                    reading.insert(key)
                    group.addTask { await read(stream) }
                case .serverTime(let key, let error), .read(let key, _, _, .failure(let error)):
                    reading.remove(key)
                    guard var stream = followed[key] else { break }
                    if case .read(_, let window, _, _) = event, case .tooMuch = error,
                        window.length > stream.source.tick
                    {
                        stream.didHoldTooMuch(window)
                        followed[key] = stream
                        group.addTask { .due(key) }
                        break
                    }
                    if case .cancelled = error { break }
                    let pause = stream.failed(error, clock)
                    await count(&stream)
                    followed[key] = stream
                    if let sentence = troubles.failed(stream.stream, error) { try await remark(sentence) }
                    group.addTask {
                        try await clock.sleep(for: pause)
                        return .due(key)
                    }
                case .read(let key, let window, let now, .success(let contents)):
                    reading.remove(key)
                    guard var stream = followed[key] else { break }
                    let (records, isUpToDate) = stream.take(
                        contents, of: window, now: now, collected: clock.wallNow, filter, normaliser)
                    await count(&stream)
                    if let sentence = troubles.recovered(stream.stream) { try await remark(sentence) }
                    if let gap = contents.gap {
                        try await remark(
                            "\(stream.stream.account) \(key.dataset.rawValue): not everything is shown: \(gap)")
                    }
                    waiting += records
                    if isUpToDate {
                        let pause = pause(&stream)
                        group.addTask {
                            try await clock.sleep(for: pause)
                            return .due(key)
                        }
                    } else {
                        group.addTask { .due(key) }
                    }
                    followed[key] = stream
                case .flush: isFlushDue = false
                }
                guard !waiting.isEmpty else { continue }
                // Those that are still reading what lies back are waited for, unless they fail.
                let behind = followed.values.filter { !$0.isLive && !$0.isFailing }.map(\.position).min()
                let isHeld = if case .flush = event { false } else { !reading.isEmpty }
                if let behind {
                    try await flush(&waiting, before: behind, show)
                } else if !isHeld {
                    try await flush(&waiting, before: nil, show)
                }
                if !waiting.isEmpty, !isFlushDue {
                    isFlushDue = true
                    group.addTask {
                        try await clock.sleep(for: Self.holdBack)
                        return .flush
                    }
                }
            }
        }
    }

    /// Counts what the stream has asked.
    private func count(_ stream: inout TailedStream) async {
        let asked = stream.newlyAsked()
        await counted(stream.stream, asked.requests, asked.records)
        stream.sharing.allowance?.add(asked.records, at: clock.wallNow)
    }

    private func read(_ stream: TailedStream) async -> Event {
        let key = stream.stream.key
        let now: Timestamp
        do throws(SourceError) {
            now = try await stream.source.serverTime(.live)
        } catch {
            return .serverTime(key, error)
        }
        let window = stream.window(now)
        if let (level, _) = stream.sharing.allowance?.level(at: clock.wallNow), level == .spent {
            return .serverTime(
                key, .unavailable(reason: "max_reads_per_day is used up until midnight UTC", retryAfter: .seconds(60)))
        }
        let memory = stream.sharing.memory.hold(isFirst: true)
        let pass = Pass(canSplit: window.length > stream.source.tick, urgency: .live, memory: memory)
        do throws(SourceError) {
            let contents = try await stream.source.read(window, pass)
            // The records are few, and on their way.
            memory.release()
            return .read(key, window, now: now, .success(contents))
        } catch {
            memory.release()
            return .read(key, window, now: now, .failure(error))
        }
    }

    /// How long until the stream's next poll: on its beat, so that those of one interval stay together.
    private func pause(_ stream: inout TailedStream) -> Duration {
        let interval = max(
            stream.stream.plan.pollInterval, stream.sharing.pacer.interval(ofFollowed: stream.stream.key) ?? .zero)
        let now = clock.monotonicNow
        stream.due += interval
        if stream.due < now { stream.due = now + interval }
        return now.duration(to: stream.due)
    }

    private func flush(
        _ waiting: inout [TailRecord], before limit: Timestamp?, _ show: (TailRecord) async throws -> Void
    ) async throws {
        waiting.sort(by: TailRecord.order)
        let count = limit.map { limit in waiting.firstIndex { $0.time >= limit } ?? waiting.count } ?? waiting.count
        for record in waiting.prefix(count) { try await show(record) }
        waiting.removeFirst(count)
    }
}

/// Which streams fail, so that a trouble that many share is told once.
private struct TailTroubles {
    private struct Place: Hashable {
        let account: String
        let dataset: Dataset
    }

    private var failing: [Place: Set<StreamKey>] = [:]

    mutating func failed(_ stream: Ingestor.Stream, _ error: SourceError) -> String? {
        let place = Place(account: stream.account, dataset: stream.key.dataset)
        let isFirst = failing[place]?.isEmpty ?? true
        failing[place, default: []].insert(stream.key)
        return isFirst
            ? "\(place.account) \(place.dataset.rawValue) cannot be read and is tried again: \(error)" : nil
    }

    mutating func recovered(_ stream: Ingestor.Stream) -> String? {
        let place = Place(account: stream.account, dataset: stream.key.dataset)
        guard failing[place]?.remove(stream.key) != nil, failing[place]?.isEmpty ?? true else { return nil }
        return "\(place.account) \(place.dataset.rawValue) is read again"
    }
}
