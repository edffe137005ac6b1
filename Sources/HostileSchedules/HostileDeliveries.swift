/// What happens on the way out: the receivers, their troubles, and a disk that fails at times. Made from the seed with
/// chance of its own, so that it leaves what happens on the way in as it is.
struct HostileDeliveries: Sendable {
    enum Trouble: CaseIterable, Sendable {
        /// Nobody answers.
        case down
        /// It answers that it failed.
        case fault
        /// It takes a batch, and the answer is lost.
        case lostAnswer
        /// It takes a batch, and answers after so long that nobody waits any more.
        case hang
        /// Its credential is refused.
        case hold
        /// It refuses everything, as under a wrong path.
        case refuseAll
        /// It takes a few records only at a time.
        case tooMuch
        /// It says of each record what became of it.
        case perRecord
    }

    struct Spell: Sendable {
        let trouble: Trouble
        let from: Duration
        let until: Duration
    }

    struct Receiver: Sendable {
        let name: String
        let pinsBatches: Bool
        /// Whether it confirms what it took a while later, as syslog over TCP or an indexer does.
        let confirmsLate: Bool
        let inFlight: Int
        let maximumRecords: Int
        /// One in so many records is refused whenever it comes; 0: none.
        let poison: UInt64
        let spells: [Spell]

        /// Whether records leave in the spool's order as long as this receiver takes them.
        var isOrderly: Bool {
            poison == 0 && spells.allSatisfy { [.down, .hold, .tooMuch].contains($0.trouble) }
        }
    }

    let receivers: [Receiver]
    /// When writes and syncs of segments fail: with ENOSPC, or with EIO.
    let diskFaults: [(from: Duration, until: Duration, isFull: Bool)]

    /// - Parameter calm: when it begins; all is well then.
    init(seed: UInt64, calm: Duration) {
        var chance = HostileChance(seed ^ 0x51EA_D0C5_0F0A_57E1)
        var receivers: [Receiver] = []
        for index in 0..<chance.pick([1, 1, 2, 3]) {
            var spells: [Spell] = []
            for _ in 0..<chance.pick([0, 1, 2, 4]) {
                let from = chance.span(.zero...max(.seconds(1), calm))
                let until = min(calm, from + chance.span(.seconds(1)...(.minutes(chance.pick([1, 3, 20])))))
                if from < until {
                    spells.append(Spell(trouble: chance.pick(Trouble.allCases), from: from, until: until))
                }
            }
            receivers.append(
                Receiver(
                    name: "receiver\(index)", pinsBatches: chance.happens(50), confirmsLate: chance.happens(30),
                    inFlight: chance.pick([1, 1, 2, 4]), maximumRecords: chance.pick([3, 10, 100, 1000]),
                    poison: chance.happens(25) ? UInt64(chance.number(5...60)) : 0, spells: spells))
        }
        self.receivers = receivers
        var faults: [(from: Duration, until: Duration, isFull: Bool)] = []
        if chance.happens(15) {
            for _ in 0..<chance.number(1...3) {
                let from = chance.span(.zero...max(.seconds(1), calm))
                faults.append((from, min(calm, from + chance.span(.seconds(1)...(.seconds(40)))), chance.happens(50)))
            }
        }
        diskFaults = faults
    }
}

extension HostileDeliveries: CustomStringConvertible {
    var description: String {
        let texts = receivers.map { receiver in
            "\(receiver.name): \(receiver.pinsBatches ? "pinned " : "")\(receiver.confirmsLate ? "confirms late " : "")"
                + "in flight \(receiver.inFlight), records \(receiver.maximumRecords), poison \(receiver.poison), "
                + receiver.spells.map { "\($0.trouble) \($0.from)...\($0.until)" }.joined(separator: ", ")
        }
        return (texts + diskFaults.map { "disk \($0.isFull ? "full" : "fails") \($0.from)...\($0.until)" })
            .joined(separator: "\n")
    }
}
