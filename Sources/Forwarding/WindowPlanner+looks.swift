import PipelineCore

/// Looking again at what was read: late records, and empty pages that were no end.
extension WindowPlanner {
    /// The next window that is to be looked at again, and when.
    ///
    /// It waits a little longer than it must, so that its neighbours are due too and are read with it; of a quiet stream
    /// what lies within the overlap waits for the next poll, which reads it all in one request.
    func nextLook(asOf now: Timestamp, _ circumstances: Circumstances) -> (window: Window, at: Timestamp)? {
        let ages = plan.ages
        let intervals = coverage.intervals
        let dues = intervals.map { due($0, ages: ages) }
        var earliest: (index: Int, at: Timestamp)?
        // Further back, no poll takes it along.
        let oldest = circumstances.now - plan.overlap * 2
        for (index, due) in dues.enumerated() {
            guard let due else { continue }
            var at = due.at + (target == nil ? due.patience : .zero)
            if target == nil, circumstances.isQuiet, due.isWithinOverlap, intervals[index].window.from >= oldest {
                at = max(at, nextPoll(circumstances))
            }
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
        return (Window(from: window.from, to: min(window.to, window.from + limit(from: window.from))), earliest.at)
    }

    struct Due {
        var at: Timestamp
        /// How much longer it may wait for its neighbours.
        var patience: Duration
        var isWithinOverlap: Bool
    }

    /// When an interval is to be looked at again; nil if never.
    ///
    /// What was read once, or found something new, is confirmed soon, unless its next age within the overlap does that.
    func due(_ interval: Coverage.Interval, ages: [Duration]) -> Due? {
        guard interval.state != .finished else { return nil }
        let next = Self.nextAge(interval, ages: ages)
        if interval.state == .read, next.map({ $0 > plan.overlap }) ?? true {
            return Due(at: interval.readAt + Self.confirmation, patience: .zero, isWithinOverlap: false)
        }
        return next.map {
            Due(at: interval.window.to + $0, patience: $0 / 4, isWithinOverlap: $0 <= plan.overlap)
        }
    }

    static func nextAge(_ interval: Coverage.Interval, ages: [Duration]) -> Duration? {
        let age = interval.readAt - interval.window.to
        return ages.first { $0 > age }
    }

    /// What was read by a clock that was ahead is read again by the right one.
    ///
    /// Finished intervals stay: which of their records were taken is no longer known one by one.
    mutating func reopenFuture(_ now: Timestamp) {
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
