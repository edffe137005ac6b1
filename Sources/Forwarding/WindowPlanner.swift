package import PipelineCore

/// How a stream is read.
package struct CollectionPlan: Sendable, Equatable {
    package var pollInterval: Duration
    /// Every instant is read again, at growing ages, until it is this old.
    package var overlap: Duration
    /// Ages at which it is read once more, at idle priority.
    package var rereadAfter: [Duration]
    package var pageSize: Int

    package init(pollInterval: Duration, overlap: Duration, rereadAfter: [Duration], pageSize: Int) {
        self.pollInterval = pollInterval
        self.overlap = overlap
        self.rereadAfter = rereadAfter
        self.pageSize = pageSize
    }

    /// The ages at which every instant is looked at again: 30 s, then three times as much each, then `overlap` itself,
    /// then `rereadAfter`. So a record is read about five times, whatever the poll interval.
    var ages: [Duration] {
        var ages: [Duration] = []
        var age: Duration = .seconds(30)
        while age < overlap {
            ages.append(age)
            age = age * 3
        }
        ages.append(overlap)
        return ages + rereadAfter.filter { $0 > overlap }.sorted()
    }
}

/// Decides which window of a stream is read next, and when: a state machine without clock or network.
///
/// - Holes come first, oldest first: catch-up, then what has become new since the last poll.
/// - What was read is looked at again at the plan's ages, neighbours together, so that few requests are made.
/// - A window ends `lag` before the server's now, so that nothing is written at its end while it is paged through.
/// - Its length adapts so that one window is a few pages.
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

    /// How far behind the server's clock windows end.
    package static let lag: Duration = .seconds(2)
    /// The server's clock may step this much without meaning anything.
    static let clockTolerance: Duration = .seconds(10)
    /// How soon what was read once, and will not be read again for its age, is confirmed; also the first age.
    static let confirmation: Duration = .seconds(30)
    package static let firstLength: Duration = .seconds(3600)
    /// Whoever is less than this behind is not catching up, however short the overlap.
    static let leastOverlap: Duration = .seconds(60)
    static let longestLength: Duration = .seconds(7 * 86_400)
    /// A window should fill this many pages: enough to make requests worth it, far from any cap.
    static let targetPages = 4
    /// An overlap with at most this many records is read whole with every poll that has something to look at again:
    /// that costs few reads and saves more than half of the requests.
    package static let quietRecords = 50

    package let plan: CollectionPlan
    package let start: Timestamp
    package let tick: Duration
    package private(set) var coverage: Coverage
    /// How long a window is at the most; learnt from how many records windows held.
    package private(set) var length: Duration
    private var lastPoll: Timestamp?
    /// The last window of a poll did not reach the horizon: what is left of it does not wait for the next poll.
    private var isPollUnfinished = false
    /// With `finish`: read up to here, and look again only at what was due then.
    private var target: (end: Timestamp, asOf: Timestamp)?

    /// - Parameter length: what an earlier planner of the stream had learnt.
    package init(
        plan: CollectionPlan, start: Timestamp, tick: Duration, coverage: Coverage,
        length: Duration = WindowPlanner.firstLength
    ) {
        self.length = length
        self.plan = plan
        self.start = start.rounded(downTo: tick)
        self.tick = tick
        self.coverage = coverage
    }

    /// From now on, only what is there at `now` is read, once; then comes `done`.
    package mutating func finish(at now: Timestamp) {
        // The tick of `now` itself belongs to it.
        target = (now.rounded(downTo: tick) + tick, now)
    }

    /// - Parameter now: by the server's clock.
    /// - Parameter isQuiet: whether the whole overlap holds at most `quietRecords` records.
    package mutating func next(now: Timestamp, isQuiet: Bool) -> Step {
        reopenFuture(now)
        let horizon = min((now - Self.lag).rounded(downTo: tick), target?.end ?? Timestamp(milliseconds: .max))
        var soonest: Duration?
        if start < horizon, let hole = coverage.holes(in: Window(from: start, to: horizon)).first {
            let behind = hole.from < horizon - max(plan.overlap, Self.leastOverlap) - plan.pollInterval
            let isDue = behind || isPollUnfinished || target != nil
            let pollAt = isDue ? now : (lastPoll.map { min($0, now) + plan.pollInterval } ?? now)
            if pollAt <= now {
                guard behind else {
                    let window = firstPass(over: hole, now: now, isQuiet: isQuiet)
                    isPollUnfinished = window.to < hole.to
                    return .read(window, purpose: .live)
                }
                // What is younger than the overlap is live, whatever lies before it.
                let young = (horizon - max(plan.overlap, Self.leastOverlap)).rounded(downTo: tick)
                let end = min(hole.to, hole.from + length, max(young, hole.from + tick))
                return .read(Window(from: hole.from, to: end), purpose: .catchUp)
            }
            soonest = pollAt - now
        }
        if let look = nextLook(asOf: target?.asOf ?? now) {
            if look.at <= (target?.asOf ?? now) { return .read(look.window, purpose: .reread) }
            soonest = min(soonest ?? .seconds(86_400), look.at - now)
        }
        if let target, horizon >= target.end { return .done }
        // While there is nothing behind the horizon yet, the next tick of it is what comes.
        return .wait(
            max(.milliseconds(50), min(soonest ?? plan.pollInterval, target == nil ? plan.pollInterval : .seconds(1))))
    }

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
        if purpose == .live { lastPoll = now }
        guard window.length >= length || records >= plan.pageSize * Self.targetPages else { return }
        let ratio = Double(plan.pageSize * Self.targetPages) / Double(max(1, records))
        length = bounded(window.length * min(8, max(1.0 / 8, ratio)))
    }

    /// Whether the window can be made shorter.
    package func canSplit(_ window: Window) -> Bool { window.length > tick }

    /// The window held too much: the next ones are shorter.
    package mutating func didHoldTooMuch(_ window: Window) {
        length = bounded(window.length / 2)
    }

    private func bounded(_ length: Duration) -> Duration {
        let ticks = max(1, length.wholeMilliseconds / max(1, tick.wholeMilliseconds))
        return min(tick * Int(ticks), Self.longestLength)
    }

    /// A hole's oldest part; when the stream is quiet, with everything before it that is to be looked at again before
    /// the next poll.
    private func firstPass(over hole: Window, now: Timestamp, isQuiet: Bool) -> Window {
        let to = min(hole.to, hole.from + length)
        guard isQuiet, to == hole.to else { return Window(from: hole.from, to: to) }
        let ages = plan.ages
        let oldest = hole.from - plan.overlap * 2 - plan.pollInterval
        let again = coverage.intervals.first { interval in
            interval.window.from >= oldest && interval.window.from < hole.from
                && due(interval, ages: ages).map { $0.at <= now + plan.pollInterval } ?? false
        }
        return Window(from: again?.window.from ?? hole.from, to: to)
    }

    /// The next window that is to be looked at again, and when.
    ///
    /// It waits a little longer than it must, so that its neighbours are due too and are read with it.
    private func nextLook(asOf now: Timestamp) -> (window: Window, at: Timestamp)? {
        let ages = plan.ages
        let intervals = coverage.intervals
        let dues = intervals.map { due($0, ages: ages) }
        var earliest: (index: Int, at: Timestamp)?
        for (index, due) in dues.enumerated() {
            guard let due else { continue }
            let at = due.at + (target == nil ? due.patience : .zero)
            if at < earliest?.at ?? Timestamp(milliseconds: .max) { earliest = (index, at) }
        }
        guard let earliest else { return nil }
        let time = max(now, earliest.at)
        var window = intervals[earliest.index].window
        func join(_ index: Int, _ joined: (Window) -> Window?) -> Bool {
            guard intervals.indices.contains(index), let due = dues[index], due.at <= time,
                let together = joined(intervals[index].window),
                together.length <= min(length, Coverage.longestSpan(age: time - together.to))
            else { return false }
            window = together
            return true
        }
        var after = earliest.index + 1
        while join(after, { $0.from == window.to ? Window(from: window.from, to: $0.to) : nil }) { after += 1 }
        var before = earliest.index - 1
        while join(before, { $0.to == window.from ? Window(from: $0.from, to: window.to) : nil }) { before -= 1 }
        return (Window(from: window.from, to: min(window.to, window.from + length)), earliest.at)
    }

    /// When an interval is to be looked at again; nil if never.
    ///
    /// What was read once, or found something new, is confirmed soon, unless its next age within the overlap does that.
    private func due(_ interval: Coverage.Interval, ages: [Duration]) -> (at: Timestamp, patience: Duration)? {
        guard interval.state != .finished else { return nil }
        let next = Self.nextAge(interval, ages: ages)
        if interval.state == .read, next.map({ $0 > plan.overlap }) ?? true {
            return (interval.readAt + Self.confirmation, .zero)
        }
        return next.map { (interval.window.to + $0, $0 / 4) }
    }

    private static func nextAge(_ interval: Coverage.Interval, ages: [Duration]) -> Duration? {
        let age = interval.readAt - interval.window.to
        return ages.first { $0 > age }
    }

    /// What was read by a clock that was ahead is read again by the right one.
    ///
    /// Finished intervals stay: which of their records were taken is no longer known one by one.
    private mutating func reopenFuture(_ now: Timestamp) {
        let wrong = coverage.intervals.filter {
            $0.state != .finished && ($0.window.to > now + Self.clockTolerance || $0.readAt > now + Self.clockTolerance)
        }
        for interval in wrong {
            let from =
                interval.readAt > now + Self.clockTolerance
                ? interval.window.from : max(interval.window.from, now.rounded(downTo: tick))
            coverage.reopen(Window(from: from, to: interval.window.to))
        }
    }
}
