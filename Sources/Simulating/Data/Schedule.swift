/// When each record of a stream is made and when it becomes readable, as a pure function of its number.
///
/// Numbers 0 ..< history lie before `start`, the others follow at `rate`. Times rise with the number; about a quarter of
/// the records are made together with the one before, so that several share a date.
struct Schedule: Sendable {
    let start: Int64
    let history: Int
    let historySpan: Int64
    /// Live records per second; 0 makes none.
    let rate: Double
    let lateness: Lateness
    /// Dates carry whole seconds: the time a record was made, cut.
    let wholeSeconds: Bool
    let seed: UInt64

    /// The moment record `number` is made. History, then live; meaningless past what `rate` allows.
    func created(_ number: UInt32) -> Int64 {
        var anchor = number
        while sharesTime(anchor) { anchor -= 1 }
        return ownTime(anchor)
    }

    /// Whether `number` is made together with the record before it.
    func sharesTime(_ number: UInt32) -> Bool {
        guard number != 0, Int(number) != history else { return false }
        return mixed(seed ^ UInt64(number)) & 3 == 0
    }

    /// The time of a record that does not share one.
    func ownTime(_ number: UInt32) -> Int64 {
        let jitter = unit(mixed(seed &+ 1 ^ UInt64(number)))
        if Int(number) < history {
            let place = (Double(number) + jitter) / Double(history)
            return start - historySpan + min(Int64(place * Double(historySpan)), historySpan - 1)
        }
        return start + Int64((Double(Int(number) - history) + jitter) * 1_000 / rate)
    }

    /// How long after it was made a record stays unreadable.
    func delay(_ number: UInt32) -> Int64 {
        guard lateness.share > 0, unit(mixed(seed &+ 2 ^ UInt64(number))) < lateness.share else { return 0 }
        return lateness.delay(unit(mixed(seed &+ 3 ^ UInt64(number))), unit(mixed(seed &+ 4 ^ UInt64(number))))
    }

    func date(of time: Int64) -> Int64 {
        guard wholeSeconds else { return time }
        let rest = time % 1_000
        return time - (rest < 0 ? rest + 1_000 : rest)
    }
}
