/// Who may start now: at most so many at work per origin and in all, first come first served within an origin, origins in turn.
///
/// libcurl has such a queue too, but its clocks for connecting and for the whole transfer run while a request stands in it.
struct Admission {
    private let perOrigin: Int
    private let inAll: Int
    private var atWork: [Origin: Int] = [:]
    private var totalAtWork = 0
    private var waiting: [Origin: [UInt64]] = [:]
    /// Origins with someone waiting; the one to be looked at next stands first.
    private var turns: [Origin] = []

    init(perOrigin: Int, inAll: Int) {
        self.perOrigin = perOrigin
        self.inAll = inAll
    }

    mutating func enqueue(_ id: UInt64, for origin: Origin) {
        if waiting[origin] == nil { turns.append(origin) }
        waiting[origin, default: []].append(id)
    }

    /// The next one to start, counted as at work from now on until ``finish(_:)``.
    mutating func next() -> UInt64? {
        guard totalAtWork < inAll, let turn = turns.firstIndex(where: { atWork[$0, default: 0] < perOrigin }) else {
            return nil
        }
        let origin = turns.remove(at: turn)
        guard var line = waiting.removeValue(forKey: origin) else { return nil }
        let id = line.removeFirst()
        if !line.isEmpty {
            waiting[origin] = line
            turns.append(origin)
        }
        atWork[origin, default: 0] += 1
        totalAtWork += 1
        return id
    }

    mutating func finish(_ origin: Origin) {
        totalAtWork -= 1
        let rest = atWork[origin, default: 1] - 1
        atWork[origin] = rest == 0 ? nil : rest
    }

    /// Leaves the line without having started.
    mutating func withdraw(_ id: UInt64, from origin: Origin) {
        waiting[origin]?.removeAll { $0 == id }
        guard waiting[origin]?.isEmpty == true else { return }
        waiting[origin] = nil
        turns.removeAll { $0 == origin }
    }
}
