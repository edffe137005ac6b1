/// One stream's records: what is readable, in order of (date, number), and what is still to come.
///
/// - Readable records are two arrays of 12 bytes a record together, so that a page is found by binary search.
/// - A record is issued when it was made; it becomes readable then or, if it is late, later.
/// - Numbers up to 2^31 follow the schedule; those above were emitted on demand and do not disturb it.
/// - What the schedule would make while the place does not exist is left out.
struct Timeline: Sendable {
    struct Emitted {
        var date: Int64
        var readableAt: Int64
        var choice: FunctionChoice
        var shape: RecordShape?
    }

    private struct Pending {
        var readableAt: Int64
        var date: Int64
        var number: UInt32
    }

    let schedule: Schedule
    /// When the place exists that the records are of.
    var life: Life
    private(set) var dates: [Int64] = []
    private(set) var numbers: [UInt32] = []
    private(set) var lateIssued = 0
    /// Live records made at or after this time are not issued.
    private(set) var liveEnd: Int64
    /// Soonest readable last.
    private var pending: [Pending] = []
    private var emitted: [Emitted] = []
    private var nextScheduled: UInt32 = 0
    private var nextCreated: Int64 = 0
    private var leftOut = 0
    private var scheduledReads: [UInt16] = []
    private var emittedReads: [UInt16] = []

    static let firstEmitted: UInt32 = 1 << 31

    init(_ schedule: Schedule, liveEnd: Int64, life: Life) {
        self.schedule = schedule
        self.liveEnd = liveEnd
        self.life = life
        dates.reserveCapacity(schedule.history)
        numbers.reserveCapacity(schedule.history)
        nextCreated = hasScheduled(0) ? schedule.ownTime(0) : .max
        advance(to: schedule.start)
    }

    var issued: Int { Int(nextScheduled) - leftOut + emitted.count }
    var pendingCount: Int { pending.count }

    /// Whether the schedule still has records to issue.
    var isLive: Bool { nextCreated < (Int(nextScheduled) < schedule.history ? .max : min(liveEnd, life.until)) }

    /// The next time at which `advance` has something to do; `.max` if never.
    var nextDue: Int64 { min(isLive ? nextCreated : .max, pending.last?.readableAt ?? .max) }

    mutating func stopLive(at now: Int64) {
        liveEnd = min(liveEnd, now)
    }

    /// Issues and makes readable what is due at `now`.
    mutating func advance(to now: Int64) {
        while nextCreated <= now, isLive { issueScheduled(now: now) }
        while let next = pending.last, next.readableAt <= now {
            pending.removeLast()
            makeReadable(next.date, next.number)
        }
    }

    /// Adds records that no schedule knows, and returns their numbers.
    mutating func emit(_ count: Int, _ record: Emitted, isLate: Bool, now: Int64) -> Range<UInt32> {
        let first = Self.firstEmitted + UInt32(emitted.count)
        let numbers = first..<first + UInt32(count)
        emitted += repeatElement(record, count: count)
        emittedReads += repeatElement(0, count: count)
        if isLate { lateIssued += count }
        if record.readableAt <= now {
            // All share a date and have higher numbers than any other, so they stand together.
            let index = index(notBefore: (record.date, first))
            dates.insert(contentsOf: repeatElement(record.date, count: count), at: index)
            self.numbers.insert(contentsOf: numbers, at: index)
        } else {
            pending.insert(
                contentsOf: numbers.reversed().map {
                    Pending(readableAt: record.readableAt, date: record.date, number: $0)
                }, at: pendingIndex(record.readableAt))
        }
        return numbers
    }

    func choice(_ number: UInt32) -> FunctionChoice {
        number < Self.firstEmitted ? .spread : emitted[Int(number - Self.firstEmitted)].choice
    }

    func emittedShape(_ number: UInt32) -> RecordShape? { emitted[Int(number - Self.firstEmitted)].shape }

    /// The indexes of readable records dated `from` or later, and before `to`.
    func range(from: Int64, to: Int64) -> Range<Int> {
        let lower = index(notBefore: (from, 0))
        return lower..<max(lower, index(notBefore: (to, 0)))
    }

    /// The first index whose (date, number) is not below `place`.
    func index(notBefore place: (date: Int64, number: UInt32)) -> Int {
        var low = 0
        var high = dates.count
        while low < high {
            let middle = (low + high) / 2
            let date = dates[middle]
            if date < place.date || (date == place.date && numbers[middle] < place.number) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The index of a readable record by its number; nil if it is unknown or not yet readable.
    func index(of number: UInt32) -> Int? {
        let date: Int64
        if number >= Self.firstEmitted {
            guard number - Self.firstEmitted < emitted.count else { return nil }
            date = emitted[Int(number - Self.firstEmitted)].date
        } else {
            guard number < nextScheduled else { return nil }
            date = schedule.date(of: schedule.created(number))
        }
        let index = index(notBefore: (date, number))
        return index < dates.count && numbers[index] == number ? index : nil
    }

    func readableAt(_ number: UInt32) -> Int64 {
        guard number < Self.firstEmitted else { return emitted[Int(number - Self.firstEmitted)].readableAt }
        return schedule.created(number) + schedule.delay(number)
    }

    /// Counts that the records at these indexes were handed out.
    mutating func countReads(_ indexes: some Sequence<Int>) {
        for index in indexes {
            let number = numbers[index]
            if number >= Self.firstEmitted {
                Self.increment(&emittedReads[Int(number - Self.firstEmitted)])
            } else {
                Self.increment(&scheduledReads[Int(number)])
            }
        }
    }

    var mostReads: Int { Int(max(scheduledReads.max() ?? 0, emittedReads.max() ?? 0)) }

    private static func increment(_ reads: inout UInt16) {
        if reads < .max { reads += 1 }
    }

    private func hasScheduled(_ number: UInt32) -> Bool {
        Int(number) < schedule.history || (schedule.rate > 0 && number < Self.firstEmitted)
    }

    private mutating func issueScheduled(now: Int64) {
        let number = nextScheduled
        let date = schedule.date(of: nextCreated)
        let delay = schedule.delay(number)
        scheduledReads.append(0)
        if !life.contains(nextCreated) {
            leftOut += 1
        } else {
            if delay > 0 { lateIssued += 1 }
            if nextCreated + delay <= now {
                makeReadable(date, number)
            } else {
                let readableAt = nextCreated + delay
                pending.insert(
                    Pending(readableAt: readableAt, date: date, number: number), at: pendingIndex(readableAt))
            }
        }
        nextScheduled += 1
        if !hasScheduled(nextScheduled) {
            nextCreated = .max
        } else if !schedule.sharesTime(nextScheduled) {
            nextCreated = schedule.ownTime(nextScheduled)
        }
    }

    /// Where a record goes that becomes readable then: what comes first leaves first.
    private func pendingIndex(_ readableAt: Int64) -> Int {
        var low = 0
        var high = pending.count
        while low < high {
            let middle = (low + high) / 2
            if pending[middle].readableAt > readableAt { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func makeReadable(_ date: Int64, _ number: UInt32) {
        if let lastDate = dates.last, let lastNumber = numbers.last, (date, number) < (lastDate, lastNumber) {
            let index = index(notBefore: (date, number))
            dates.insert(date, at: index)
            numbers.insert(number, at: index)
        } else {
            dates.append(date)
            numbers.append(number)
        }
    }
}
