package import PipelineCore

/// Decides which windows of a stream are read next, and when: a state machine without clock or network.
///
/// - **Catch-up**: what was never read and is older than the live span comes oldest first, in as many windows at once as
///   the caller likes.
/// - **Live**: what is younger does not wait for that. It is polled beside it, one window at a time.
/// - **Looks**: what was read is looked at again at the plan's ages, neighbours together, so that few requests are made;
///   one window at a time, beside polls, and never the instants of a poll under way or the other way round.
/// - A window ends `lag` before the server's now, so that nothing is written at its end while it is paged through.
/// - Its length adapts so that one window is a few pages. One that held too much is halved until it does not, or until
///   it is one tick. Of one window after the other, as of polls, looks and catching up without reading ahead, that takes
///   at most log2(length / tick) failures, each of which gives up after a few pages. Windows that are read ahead of a
///   failure were cut by the length from before it and can fail once more each, so that it is twice as many then; and
///   the three learn from each other, but not from what is under way.
package struct WindowPlanner: Sendable {
    package enum Step: Equatable, Sendable {
        case read(Window, purpose: Purpose)
        /// Nothing is due before that much time has passed.
        case wait(Duration)
        /// `finish` was asked for and there is nothing left to read.
        case done
    }

    package enum Purpose: Equatable, Sendable {
        case live, catchUp, reread
    }

    /// What the caller knows when it asks for the next window.
    package struct Circumstances: Sendable {
        /// By the server's clock.
        package var now: Timestamp
        /// How often to poll now: the plan's interval, or a stretched one.
        package var pollInterval: Duration
        /// Whether the whole overlap holds at most `quietRecords` records.
        package var isQuiet: Bool
        /// Whether looking again at what was read is put off.
        package var isSparing: Bool

        package init(now: Timestamp, pollInterval: Duration, isQuiet: Bool, isSparing: Bool = false) {
            self.now = now
            self.pollInterval = pollInterval
            self.isQuiet = isQuiet
            self.isSparing = isSparing
        }
    }

    /// Which polls and looks are under way, and whether others may be started.
    package struct Front: Sendable {
        package var poll: Window?
        package var look: Window?
        package var mayPoll = true
        package var mayLook = true
        /// Whether a poll may read again what is due for a look. Where one of the two fails, it is read apart, so that
        /// the other goes on.
        package var mayJoin = true

        package init() {}
    }

    /// How far behind the server's now a window ends.
    static let lag: Duration = .seconds(2)
    /// The server's clock may jump back by this much without anything being read anew.
    static let clockTolerance: Duration = .seconds(10)
    /// How soon what was read once, and will not be read again for its age, is confirmed; also the first age.
    static let confirmation: Duration = .seconds(30)
    package static let firstLength: Duration = .seconds(3600)
    static let longestLength: Duration = .seconds(7 * 86_400)
    /// A window should fill this many pages: enough to make requests worth it, far from any cap.
    static let targetPages = 4
    /// An overlap with at most this many records is read whole with every poll that has something to look at again:
    /// that costs few reads and saves more than half of the requests.
    package static let quietRecords = 50

    package let plan: CollectionPlan
    package let start: Timestamp
    package let tick: Duration
    package internal(set) var coverage: Coverage
    /// How long a window is at the most; learnt from how many records windows held.
    package private(set) var length: Duration
    private var lastPoll: Timestamp?
    private var polls = 0
    /// So many polls after the first find out how late the server's `Date` is.
    private static let probingPolls = 4
    /// The last window of a poll did not reach the horizon: what is left of it does not wait for the next poll.
    private var isPollUnfinished = false
    /// With `finish`: read up to here, and look again only at what was due then.
    private(set) var target: (end: Timestamp, asOf: Timestamp)?
    /// What is left of windows that held too much, and how many records are known to be in each.
    private var dense: [(window: Window, records: Int)] = []
    private static let mostDense = 8

    /// - Parameter length: what an earlier planner of the stream had learnt.
    package init(
        plan: CollectionPlan, start: Timestamp, tick: Duration, coverage: Coverage,
        length: Duration = WindowPlanner.firstLength
    ) {
        self.plan = plan
        self.start = start.rounded(downTo: tick)
        self.tick = tick
        self.coverage = coverage
        self.length = length
        self.length = bounded(length)
    }

    /// From now on, only what is there at `now` is read, once; then comes `done`.
    package mutating func finish(at now: Timestamp) {
        // The tick of `now` itself belongs to it.
        target = (now.rounded(downTo: tick) + tick, now)
    }

    // MARK: - What is next

    /// The next live poll or look again, one of each at a time.
    package mutating func next(_ circumstances: Circumstances, _ front: Front = Front()) -> Step {
        let now = circumstances.now
        reopenFuture(now)
        let holes = holes(circumstances)
        var soonest: Duration?
        // At the end everything leaves in one order.
        if front.mayPoll, front.poll == nil, let live = holes.live, target == nil || holes.catchUp.isEmpty {
            let pollAt = isPollUnfinished || target != nil ? now : nextPoll(circumstances)
            if pollAt <= now {
                let window = firstPass(over: live, circumstances, front)
                isPollUnfinished = window.to < live.to
                return .read(window, purpose: .live)
            }
            soonest = pollAt - now
        }
        if front.mayLook, front.look == nil, !circumstances.isSparing,
            let look = nextLook(asOf: target?.asOf ?? now, circumstances),
            // Its end brings the caller here again.
            front.poll.map({ !$0.overlaps(look.window) }) ?? true
        {
            if look.at <= (target?.asOf ?? now) { return .read(look.window, purpose: .reread) }
            soonest = min(soonest ?? .seconds(86_400), look.at - now)
        }
        if let target, holes.live == nil, holes.catchUp.isEmpty, horizon(now) >= target.end, front.mayLook,
            front.look == nil
        {
            return .done
        }
        // While there is nothing behind the horizon yet, the next tick of it is what comes.
        let longest = target == nil ? circumstances.pollInterval : .seconds(1)
        return .wait(max(.milliseconds(50), min(soonest ?? longest, longest)))
    }

    /// The oldest window that was never read and is not live; nil if there is none beside those in `underWay`.
    package func nextCatchUp(_ circumstances: Circumstances, underWay: [Window]) -> Window? {
        for hole in holes(circumstances).catchUp {
            guard let free = hole.subtracting(underWay).first else { continue }
            return Window(from: free.from, to: min(free.to, free.from + limit(from: free.from)))
        }
        return nil
    }

    /// The oldest window of `range` that was never read; nil if all of it was. For backfills, which have no live part.
    func nextUnread(in range: Window) -> Window? {
        guard let hole = coverage.holes(in: range).first else { return nil }
        return Window(from: hole.from, to: min(hole.to, hole.from + limit(from: hole.from)))
    }

    /// When the stream is polled next: an interval later, or up to a tick sooner, right when the horizon comes to the
    /// end of a tick. Records of that tick would only wait for a poll between two of these ends.
    ///
    /// The first ones come later, ever nearer to the end of the next tick: a `Date` of whole seconds tells best then how
    /// late it really is.
    func nextPoll(_ circumstances: Circumstances) -> Timestamp {
        guard let lastPoll else { return circumstances.now }
        let last = min(lastPoll, circumstances.now)
        let due = last + circumstances.pollInterval
        let probing = polls <= Self.probingPolls ? tick - tick / (2 << polls) : .zero
        let aligned = (due - Self.lag).rounded(downTo: tick) + Self.lag + probing
        return aligned > last ? aligned : due
    }

    /// Whether everything before the window has been read.
    package func isNext(_ window: Window) -> Bool {
        window.from <= start || coverage.holes(in: Window(from: start, to: window.from)).isEmpty
    }

    private func horizon(_ now: Timestamp) -> Timestamp {
        min((now - Self.lag).rounded(downTo: tick), target?.end ?? Timestamp(milliseconds: .max))
    }

    /// What was never read: the newest part, which is polled, and everything that lies further back.
    private func holes(_ circumstances: Circumstances) -> (catchUp: [Window], live: Window?) {
        let horizon = horizon(circumstances.now)
        guard start < horizon else { return ([], nil) }
        var holes = coverage.holes(in: Window(from: start, to: horizon))
        guard let newest = holes.last, newest.to == horizon else { return (holes, nil) }
        holes.removeLast()
        guard newest.from < horizon - plan.liveSpan - circumstances.pollInterval else { return (holes, newest) }
        let young = (horizon - plan.liveSpan).rounded(downTo: tick)
        return (holes + [Window(from: newest.from, to: young)], Window(from: young, to: horizon))
    }

    /// A hole's oldest part; when the stream is quiet, with everything before it that is to be looked at again before
    /// the next poll.
    private func firstPass(over hole: Window, _ circumstances: Circumstances, _ front: Front) -> Window {
        let to = min(hole.to, hole.from + limit(from: hole.from))
        guard circumstances.isQuiet, !circumstances.isSparing, front.mayJoin, to == hole.to else {
            return Window(from: hole.from, to: to)
        }
        let ages = plan.ages
        let oldest = hole.from - plan.overlap * 2 - circumstances.pollInterval
        let again = coverage.intervals.first { interval in
            interval.window.from >= oldest && interval.window.from < hole.from
                && due(interval, ages: ages).map { $0.at <= circumstances.now + circumstances.pollInterval } ?? false
        }
        // Nothing that was never read may lie between.
        let from = again.map {
            coverage.holes(in: Window(from: $0.window.from, to: hole.from)).last?.to ?? $0.window.from
        }
        // One that held too much is not made longer again.
        let whole = Window(from: from ?? hole.from, to: to)
        let isFree = front.look.map { !$0.overlaps(whole) } ?? true
        return isFree && whole.length <= limit(from: whole.from) ? whole : Window(from: hole.from, to: to)
    }

    // MARK: - What was learnt

    /// Notes a complete pass, and what it says about how dense records are.
    package mutating func didRead(
        _ window: Window, purpose: Purpose, at readAt: Timestamp, now: Timestamp, records: Int, foundNew: Bool
    ) {
        coverage.recordPass(over: window, at: readAt, foundNew: foundNew)
        let ages = plan.ages
        let last = ages.last ?? plan.overlap
        coverage.finish { $0.readAt - $0.window.to >= last }
        // What was read at slightly different times but waits for the same age is one from now on.
        coverage.join { earlier, later in
            Self.nextAge(earlier, ages: ages) == Self.nextAge(later, ages: ages)
        }
        if purpose == .live {
            lastPoll = now
            polls += 1
        }
        if let index = dense.firstIndex(where: { $0.window.contains(window.from) }) {
            let (before, known) = dense.remove(at: index)
            let rest = known - records
            if window.to < before.to, rest > plan.pageSize * Self.targetPages {
                dense.append((Window(from: window.to, to: before.to), rest))
            }
        }
        guard window.length >= length || records >= plan.pageSize * Self.targetPages else { return }
        let ratio = Double(plan.pageSize * Self.targetPages) / Double(max(1, records))
        // How little there was long ago says nothing of what is caught up now.
        if purpose == .reread, ratio > 1, isBehind(now) { return }
        length = bounded(window.length * min(8, max(1.0 / 8, ratio)))
    }

    private func isBehind(_ now: Timestamp) -> Bool {
        coverage.completeUpTo(from: start) < now - plan.liveSpan - plan.pollInterval
    }

    /// Whether the window can be made shorter.
    package func canSplit(_ window: Window) -> Bool { window.length > tick }

    /// The window held more than one pass may gather: the next ones are shorter.
    package mutating func didHoldTooMuch(_ window: Window) {
        length = bounded(window.length / 2)
        dense.removeAll { $0.window.contains(window.from) }
        if dense.count == Self.mostDense { dense.removeFirst() }
        dense.append((window, plan.pageSize * Self.targetPages * 2))
    }

    /// How long a window may be that begins at `from`. What is left of one that held too much is tried by halves: it
    /// still holds too much.
    func limit(from: Timestamp) -> Duration {
        guard let dense = dense.first(where: { $0.window.contains(from) }) else { return length }
        return min(length, bounded(dense.window.length / 2))
    }

    private func bounded(_ length: Duration) -> Duration {
        let ticks = max(1, length.wholeMilliseconds / max(1, tick.wholeMilliseconds))
        return min(tick * Int(ticks), Self.longestLength)
    }
}

extension Window {
    func overlaps(_ other: Window) -> Bool { from < other.to && other.from < to }

    /// What is left of the window without `others`, oldest first.
    func subtracting(_ others: [Window]) -> [Window] {
        var rest: [Window] = []
        var from = self.from
        for other in others.sorted(by: { $0.from < $1.from }) where other.to > from && other.from < to {
            if from < other.from { rest.append(Window(from: from, to: other.from)) }
            from = other.to
        }
        if from < to { rest.append(Window(from: from, to: to)) }
        return rest
    }
}
