import Normalising
import PipelineCore
import Spooling

/// A record to be shown.
package struct TailRecord: Sendable {
    let time: Timestamp
    let account: String
    let identity: RecordIdentity
    /// Whose log line it is: service and environment, by their names where they have any; nil of other records.
    package let place: String?
    /// Its envelope.
    package let line: String

    static func order(_ left: TailRecord, _ right: TailRecord) -> Bool {
        left.time != right.time
            ? left.time < right.time : (left.account, left.identity) < (right.account, right.identity)
    }
}

/// One stream that is followed: what is read next of it, and what of it was shown.
struct TailedStream: Sendable {
    /// So far back every poll looks again.
    static let overlap: Duration = .seconds(60)
    /// A window is not longer, so that the first records are soon there.
    static let longestWindow: Duration = .seconds(3600)
    /// What is younger when it is read may not be readable yet without being late.
    static let lag: Duration = .seconds(2)
    /// So many identities are remembered; of a stream with more in a minute the oldest are forgotten, and could be
    /// shown again.
    static let maximumShown = 200_000

    let stream: Ingestor.Stream
    let sharing: Ingestor.Sharing
    let source: any Source
    /// Nothing older is shown.
    private let begin: Timestamp
    /// Everything before it was read at least once.
    private(set) var position: Timestamp
    /// Where the window under way, or the next one, begins.
    private var cursor: Timestamp
    private var length = longestWindow
    private var shown: [RecordIdentity: Timestamp] = [:]
    private var backoff = Backoff(initial: .seconds(2), limit: .seconds(300))
    private var counted = Asked()
    /// Whether it has caught up with the present.
    private(set) var isLive = false
    var isFailing: Bool { backoff.attempts > 0 }
    /// When it is read next, or was last.
    var due: ContinuousClock.Instant

    init(_ side: SideStream, from begin: Timestamp, due: ContinuousClock.Instant) {
        stream = side.stream
        sharing = side.sharing
        source = side.stream.makeSideSource()
        self.begin = begin.rounded(downTo: source.tick)
        position = self.begin
        cursor = self.begin
        self.due = due
    }

    /// What to read now.
    func window(_ now: Timestamp) -> Window {
        let end = now.rounded(downTo: source.tick) + source.tick
        return Window(from: min(cursor, end), to: max(cursor, min(end, cursor + length)))
    }

    /// The window held more than one pass may gather.
    mutating func didHoldTooMuch(_ window: Window) {
        length = max(source.tick, (window.length / 2))
        let ticks = max(1, length.wholeMilliseconds / max(1, source.tick.wholeMilliseconds))
        length = source.tick * Int(ticks)
    }

    /// Takes what a pass brought, and moves on.
    /// - Returns: what is to be shown, and whether the stream is read up to `now`.
    mutating func take(
        _ contents: WindowContents, of window: Window, now: Timestamp, collected: Timestamp, _ filter: TailFilter,
        _ normaliser: Normaliser
    ) -> (records: [TailRecord], isUpToDate: Bool) {
        backoff.reset()
        var records: [TailRecord] = []
        for candidate in Candidate.distinct(contents.pages) where candidate.time.map({ $0 >= begin }) ?? true {
            guard shown.updateValue(candidate.time ?? collected, forKey: candidate.identity) == nil else { continue }
            let isLate = candidate.time.map { $0 < position - Self.lag } ?? false
            if let record = record(candidate, isLate, collected, filter, normaliser) { records.append(record) }
        }
        let isUpToDate = window.to >= now
        position = max(position, min(window.to, now))
        cursor = isUpToDate ? max(begin, (position - Self.overlap).rounded(downTo: source.tick)) : window.to
        length = min(Self.longestWindow, length * 2)
        if isUpToDate { isLive = true }
        forget()
        return (records, isUpToDate)
    }

    private func record(
        _ candidate: Candidate, _ isLate: Bool, _ collected: Timestamp, _ filter: TailFilter, _ normaliser: Normaliser
    ) -> TailRecord? {
        let key = stream.key
        let context = RecordContext(
            account: stream.account, accountSID: key.accountSID, dataset: key.dataset, collected: collected,
            lane: isLate ? .late : .live, serviceSID: key.serviceSID, environmentSID: key.environmentSID)
        var block = EnvelopeBlock()
        normaliser.append(candidate.record, occurrence: candidate.number, context: context, to: &block)
        guard let entry = block.entries.first, filter.passes(candidate.record, entry, in: block.bytes, key.dataset)
        else { return nil }
        return TailRecord(
            time: entry.time, account: stream.account, identity: candidate.identity, place: place,
            line: String(decoding: block.bytes[entry.line], as: UTF8.self))
    }

    private var place: String? {
        guard let service = stream.names.service ?? stream.key.serviceSID else { return nil }
        return service + "/" + (stream.names.environment ?? stream.key.environmentSID ?? "-")
    }

    /// Forgets what no poll will bring again.
    private mutating func forget() {
        let oldest = cursor - source.tick * 2
        shown = shown.filter { $0.value >= oldest }
        guard shown.count > Self.maximumShown else { return }
        let kept = shown.sorted { $0.value > $1.value }.prefix(Self.maximumShown)
        shown = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }

    /// - Returns: how long to wait before it is tried again.
    mutating func failed(_ error: SourceError, _ clock: any PipelineClock) -> Duration {
        var random = ClockRandomness(clock)
        let pause = backoff.next(using: &random)
        switch error {
        case .unauthorized(_, let retryAfter?), .unavailable(_, let retryAfter?):
            return max(pause, min(retryAfter, Trouble.longestPause))
        default: return pause
        }
    }

    /// What was asked of Twilio since this was called last.
    mutating func newlyAsked() -> Asked {
        let asked = source.asked
        defer { counted = asked }
        return asked - counted
    }
}
