/// Which instants of a stream have been read, when last, and with what result: a set of disjoint intervals.
///
/// - Intervals are sorted, never empty, never overlapping; neighbours that say the same are one, as far as their span
///   allows: the schedule goes by an interval's youngest instant, so it must not be much younger than the oldest.
/// - An instant in no interval is a **hole**: it has not been read, or its record was given up on purpose.
/// - An instant is **read** after one complete pass and **settled** after a later pass that found nothing new. It is
///   **finished** when, besides, no further look is planned.
package struct Coverage: Equatable, Sendable {
    package enum State: UInt8, Sendable {
        case read, settled, finished
    }

    package struct Interval: Equatable, Sendable {
        package var window: Window
        /// When the last complete pass began, by the server's clock.
        package var readAt: Timestamp
        package var state: State

        package init(window: Window, readAt: Timestamp, state: State) {
            self.window = window
            self.readAt = readAt
            self.state = state
        }

        fileprivate func continues(_ earlier: Interval) -> Bool {
            guard earlier.window.to == window.from, earlier.state == state else { return false }
            // Of finished intervals only the extent matters.
            if state == .finished { return true }
            return earlier.readAt == readAt
                && window.to - earlier.window.from <= Coverage.longestSpan(age: readAt - window.to)
        }
    }

    /// How long an interval may be whose youngest instant had this age when it was read: half of that, so that there
    /// are few intervals and the oldest instant of each is at most half as old again as the youngest.
    package static func longestSpan(age: Duration) -> Duration {
        // In whole seconds, so that windows stay whole ticks.
        .seconds(max(10, (age / 2).components.seconds))
    }

    package private(set) var intervals: [Interval] = []

    package init() {}

    /// Rebuilds a coverage from what `intervals` gave.
    /// - Returns: nil if the intervals are not sorted, or overlap: they are not ours.
    package init?(intervals: [Interval]) {
        var end = Timestamp(milliseconds: .min)
        for interval in intervals {
            guard interval.window.from >= end, interval.window.from < interval.window.to else { return nil }
            end = interval.window.to
        }
        self.intervals = intervals
    }

    /// Notes a complete pass over `window`.
    ///
    /// - Parameter foundNew: whether the pass returned a record of the window that was not known. Parts read for the
    ///   first time become read; parts that had been read become settled if nothing new was found, and read otherwise.
    package mutating func recordPass(over window: Window, at readAt: Timestamp, foundNew: Bool) {
        var to = window.to
        while window.from < to {
            let span = Self.longestSpan(age: readAt - to)
            let from = window.from < to - span ? to - span : window.from
            rewrite(Window(from: from, to: to)) { part, before in
                let state: State = before == nil || foundNew ? .read : .settled
                return Interval(window: part, readAt: readAt, state: state)
            }
            to = from
        }
    }

    /// Marks settled instants for which `isDone` says that no further look is planned.
    package mutating func finish(where isDone: (Interval) -> Bool) {
        var changed = false
        for index in intervals.indices where intervals[index].state == .settled && isDone(intervals[index]) {
            intervals[index].state = .finished
            changed = true
        }
        if changed { intervals = Self.joined(intervals) }
    }

    /// Makes neighbours one for which `isSame` says that they will be treated alike, as far as the span allows; the one
    /// counts as read when the later was.
    package mutating func join(where isSame: (_ earlier: Interval, _ later: Interval) -> Bool) {
        var result: [Interval] = []
        for interval in intervals {
            if let earlier = result.last, earlier.window.to == interval.window.from, earlier.state == interval.state,
                interval.window.to - earlier.window.from
                    <= Self.longestSpan(age: interval.readAt - interval.window.to), isSame(earlier, interval)
            {
                result[result.count - 1].window = Window(from: earlier.window.from, to: interval.window.to)
                result[result.count - 1].readAt = max(earlier.readAt, interval.readAt)
            } else {
                result.append(interval)
            }
        }
        intervals = result
    }

    /// Counts as finished what was not read of `window`: somebody else has read it.
    package mutating func finish(holesIn window: Window) {
        rewrite(window) { part, before in
            Interval(window: part, readAt: before?.readAt ?? part.to, state: before?.state ?? .finished)
        }
    }

    /// Forgets that `window` was read, so that it will be read again.
    package mutating func reopen(_ window: Window) {
        rewrite(window) { _, _ in nil }
    }

    /// What is known of an instant; nil if it has not been read.
    package func interval(at time: Timestamp) -> Interval? {
        let index = firstIndex(endingAfter: time)
        return index < intervals.count && intervals[index].window.contains(time) ? intervals[index] : nil
    }

    package func contains(_ time: Timestamp) -> Bool {
        interval(at: time) != nil
    }

    /// The parts of `window` that have not been read, oldest first.
    package func holes(in window: Window) -> [Window] {
        var holes: [Window] = []
        var from = window.from
        var index = firstIndex(endingAfter: window.from)
        while from < window.to {
            guard index < intervals.count, intervals[index].window.from < window.to else {
                holes.append(Window(from: from, to: window.to))
                break
            }
            let next = intervals[index].window
            if from < next.from { holes.append(Window(from: from, to: next.from)) }
            from = max(from, next.to)
            index += 1
        }
        return holes
    }

    /// The end of what was read without a hole from `start` on; `start` itself when nothing was.
    package func completeUpTo(from start: Timestamp) -> Timestamp {
        var end = start
        for interval in intervals[firstIndex(endingAfter: start)...] {
            guard interval.window.from <= end else { break }
            end = interval.window.to
        }
        return end
    }

    /// The start of the first interval that is not finished; nil when all are.
    package var firstUnfinished: Timestamp? {
        intervals.first { $0.state != .finished }?.window.from
    }

    // MARK: -

    private func firstIndex(endingAfter time: Timestamp) -> Int {
        var low = 0
        var high = intervals.count
        while low < high {
            let middle = (low + high) / 2
            if intervals[middle].window.to <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Replaces what is said about `window`: `change` gets each part that is uniform today, with its interval or nil
    /// for a hole, and returns what to say of it.
    private mutating func rewrite(_ window: Window, _ change: (Window, Interval?) -> Interval?) {
        guard window.from < window.to else { return }
        var result: [Interval] = []
        var parts: [(Window, Interval?)] = holes(in: window).map { ($0, nil) }
        for interval in intervals {
            let from = max(interval.window.from, window.from)
            let to = min(interval.window.to, window.to)
            guard from < to else {
                result.append(interval)
                continue
            }
            parts.append((Window(from: from, to: to), interval))
            var rest = interval
            if interval.window.from < from {
                rest.window = Window(from: interval.window.from, to: from)
                result.append(rest)
            }
            if to < interval.window.to {
                rest.window = Window(from: to, to: interval.window.to)
                result.append(rest)
            }
        }
        result += parts.compactMap { change($0.0, $0.1) }
        result.sort { $0.window.from < $1.window.from }
        intervals = Self.joined(result)
    }

    private static func joined(_ intervals: [Interval]) -> [Interval] {
        var result: [Interval] = []
        for interval in intervals {
            if let last = result.indices.last, interval.continues(result[last]) {
                result[last].window = Window(from: result[last].window.from, to: interval.window.to)
                result[last].readAt = min(result[last].readAt, interval.readAt)
            } else {
                result.append(interval)
            }
        }
        return result
    }
}
