import PipelineCore
import PipelineTestKit
import Testing

@testable import Forwarding
@testable import Spooling

/// A queue with records of numbered streams in it, and a sink that answers as a test says.
private struct QueueBench {
    var queue = DeliveryQueue()
    var now = ContinuousClock.now
    var accepted: [Int64] = []
    var rejected: [Int64] = []
    /// Each batch as it was sent.
    var sent: [[Int64]] = []

    static func record(_ sequence: Int64) -> SpooledRecord {
        SpooledRecord(
            sequence: sequence,
            origin: .init(account: "a", accountSID: "AC0", dataset: .monitorEvents, lane: .live),
            bytes: Array("{}".utf8),
            entry: .init(
                line: 0..<2, raw: 0..<0, id: 0..<0, type: 0..<0, time: Timestamp(milliseconds: sequence),
                severity: .info,
                identity: RecordIdentity(high: 0, low: UInt64(sequence))))
    }

    mutating func add(_ sequences: ClosedRange<Int64>, stream: Int64 = 1) {
        queue.add(
            sequences.map(Self.record), of: sequences, streams: [StreamID(rawValue: stream)], isAside: false)
    }

    /// Sends the next parcel and gives the sink's answer back; nil if nothing can be sent.
    @discardableResult
    mutating func send(_ answer: (Parcel) -> Delivery) -> DeliveryQueue.Outcome? {
        guard let parcel = begin() else { return nil }
        return finish(parcel, answer(parcel))
    }

    mutating func begin() -> Parcel? {
        queue.next().flatMap { queue.start($0.id) }
    }

    mutating func finish(_ parcel: Parcel, _ delivery: Delivery) -> DeliveryQueue.Outcome {
        sent.append(parcel.records.map(\.sequence))
        switch delivery {
        case .accepted: accepted += parcel.records.map(\.sequence)
        case .perRecord(let verdicts):
            accepted += zip(parcel.records, verdicts).filter { $1 == .accepted }.map(\.0.sequence)
        default: break
        }
        let outcome = queue.finished(parcel.id, delivery, now: now)
        for parcel in queue.decided {
            rejected += parcel.rejected.map(\.record.sequence)
            queue.remove(parcel.id)
        }
        return outcome
    }

    /// Until nothing can be sent; the pauses that outcomes ask for take no time.
    mutating func run(limit: Int = 1000, _ answer: (Parcel) -> Delivery) {
        for _ in 0..<limit {
            guard !queue.isStuck, send(answer) != nil else { break }
        }
    }
}

@Suite struct DeliveryQueueTests {
    @Test func `what is too much is halved until it is not`() {
        var bench = QueueBench()
        bench.add(1...100)
        bench.run { $0.records.count > 30 ? .split(reason: "413") : .accepted() }
        #expect(bench.accepted == Array(1...100))
        #expect(bench.queue.isEmpty)
        #expect(bench.sent.map(\.count) == [100, 50, 25, 25, 50, 25, 25])
    }

    @Test func `a refused record is given up once its neighbours are accepted, and only it`() {
        var bench = QueueBench()
        bench.add(1...64)
        bench.run { $0.records.contains { $0.sequence == 40 } ? .split(reason: "bad") : .accepted() }
        #expect(bench.rejected == [40])
        #expect(bench.accepted == (1...64).filter { $0 != 40 })
        // One way down a tree of 64, and twice more when others were accepted.
        #expect(bench.sent.count == 15)
    }

    @Test func `when everything is refused nothing is given up, and the sink is to be held`() {
        var bench = QueueBench()
        bench.add(1...64)
        bench.run { _ in .split(reason: "no such path") }
        #expect(bench.queue.isStuck)
        #expect(bench.rejected.isEmpty)
        // Held, it is tried with one record at a time.
        bench.queue.retrySuspect()
        #expect(bench.send { _ in .split(reason: "no such path") } != nil)
        #expect(bench.sent.last?.count == 1)
        #expect(bench.queue.isStuck)
        // Once it is repaired, what was refused is accepted: nothing is lost.
        bench.queue.retrySuspect()
        bench.run { _ in .accepted() }
        #expect(bench.accepted.sorted() == Array(1...64))
        #expect(bench.rejected.isEmpty)
    }

    @Test func `a record that is refused alone waits for another to be accepted, twice, and is tried each time`() {
        var bench = QueueBench()
        bench.add(1...1)
        bench.run { _ in .split(reason: "bad") }
        #expect(bench.queue.suspects == 1)
        #expect(bench.rejected.isEmpty)
        bench.add(2...2)
        bench.run { $0.records[0].sequence == 1 ? .split(reason: "bad") : .accepted() }
        #expect(bench.accepted == [2])
        #expect(bench.rejected.isEmpty && bench.queue.suspects == 1)
        bench.add(3...3)
        bench.run { $0.records[0].sequence == 1 ? .split(reason: "bad") : .accepted() }
        #expect(bench.accepted == [2, 3])
        #expect(bench.rejected == [1])
        #expect(bench.sent == [[1], [2], [1], [3], [1]])
    }

    @Test func `with nothing more to come, one acceptance of others is enough`() {
        var bench = QueueBench()
        bench.add(1...2)
        bench.run { $0.records.contains { $0.sequence == 2 } ? .split(reason: "bad") : .accepted() }
        #expect(bench.queue.suspects == 1 && bench.rejected.isEmpty)
        let isJudged = bench.queue.judgeSuspects()
        #expect(isJudged)
        bench.run { _ in .split(reason: "bad") }
        #expect(bench.rejected == [2])

        bench.add(3...3)
        bench.run { _ in .split(reason: "bad") }
        // Of this one, nothing speaks for the sink.
        let isJudgedAlone = bench.queue.judgeSuspects()
        #expect(!isJudgedAlone)
        #expect(bench.rejected == [2])
    }

    @Test func `an outage after half of a batch was accepted costs no record`() {
        var bench = QueueBench()
        bench.add(1...16)
        bench.run(limit: 3) { $0.records.count > 4 ? .split(reason: "413") : .accepted() }
        #expect(bench.accepted == Array(1...4))
        for _ in 0..<300 {
            if bench.queue.isStuck || bench.queue.next() == nil { bench.queue.retrySuspect() }
            bench.send { _ in .fault(reason: "503") }
            bench.now += .seconds(30)
        }
        #expect(bench.rejected.isEmpty)
        for _ in 0..<20 {
            bench.run { _ in .accepted() }
            bench.queue.retrySuspect()
        }
        #expect(bench.accepted.sorted() == Array(1...16))
        #expect(bench.rejected.isEmpty)
    }

    @Test func `verdicts for each record are taken one by one`() {
        var bench = QueueBench()
        bench.add(1...4)
        let outcome = bench.send { _ in
            .perRecord([.accepted, .rejected(reason: "mapping"), .retry(after: .seconds(9), reason: "busy"), .accepted])
        }
        #expect(outcome?.isSuccess == true)
        #expect(outcome?.failure?.after == .seconds(9))
        #expect(bench.rejected.isEmpty)
        bench.run { _ in .accepted() }
        #expect(bench.sent == [[1, 2, 3, 4], [3]])
        #expect(bench.accepted == [1, 4, 3])
        #expect(bench.rejected == [2])
    }

    @Test func `when each record of a batch is refused, the batch is not given up`() {
        var bench = QueueBench()
        bench.add(1...32)
        bench.run { .perRecord($0.records.map { _ in .rejected(reason: "no index") }) }
        #expect(bench.queue.isStuck)
        #expect(bench.rejected.isEmpty)
    }

    @Test func `the wrong number of outcomes counts as none`() {
        var bench = QueueBench()
        bench.add(1...2)
        let outcome = bench.send { _ in .perRecord([.accepted]) }
        #expect(outcome?.isSuccess == false)
        #expect(outcome?.failure != nil)
        #expect(bench.queue.next()?.records.count == 2)
    }

    @Test func `a stream's next parcel waits until the one before is handed over`() throws {
        var bench = QueueBench()
        bench.add(1...2, stream: 1)
        bench.add(3...4, stream: 1)
        bench.add(5...6, stream: 2)
        let (one, other) = (bench.begin(), bench.begin())
        let (first, second) = (try #require(one), try #require(other))
        #expect(second.records[0].sequence == 5)
        #expect(bench.queue.next() == nil)
        bench.queue.handedOver(first.id)
        #expect(bench.queue.next()?.records[0].sequence == 3)
        // What comes back is sent again before what follows it.
        _ = bench.finish(first, .retry(reason: "reset"))
        #expect(bench.queue.next()?.records[0].sequence == 1)
    }

    @Test func `what is shelved takes no memory, and takes with it what would overtake it`() throws {
        var bench = QueueBench()
        bench.add(1...2, stream: 1)
        bench.add(3...4, stream: 1)
        bench.add(5...6, stream: 2)
        let one = bench.begin()
        let first = try #require(one)
        bench.queue.handedOver(first.id, isShelved: true)
        #expect(bench.queue.outstanding == 1 && bench.queue.outstandingBytes == 0)
        let other = bench.begin()
        let second = try #require(other)
        #expect(bench.queue.outstandingBytes == 4)
        _ = bench.finish(second, .retry(reason: "broken"))
        let none = bench.queue.takeShelved()
        #expect(none.isEmpty)
        _ = bench.queue.finished(first.id, .retry(reason: "broken"), now: bench.now)
        let all = bench.queue.takeShelved()
        #expect(all.map(\.sequences) == [1...2, 3...4, 5...6])
        #expect(bench.queue.isEmpty)
    }

    @Test func `a batch at which the other end fails for long is narrowed down to the record to blame`() {
        var bench = QueueBench()
        bench.add(1...8)
        func answer(_ parcel: Parcel) -> Delivery {
            parcel.records.contains { $0.sequence == 6 } ? .fault(reason: "500") : .accepted()
        }
        // For a while it may be the server's own trouble.
        for _ in 0..<20 { bench.send(answer) }
        #expect(bench.accepted.isEmpty)
        bench.now += DeliveryQueue.longestFault
        bench.run(limit: 100, answer)
        #expect(bench.rejected.isEmpty)
        for next in 9...10 as ClosedRange<Int64> {
            bench.add(next...next)
            bench.run(limit: 100, answer)
        }
        #expect(bench.rejected == [6])
        #expect(bench.accepted.sorted() == [1, 2, 3, 4, 5, 7, 8, 9, 10])
    }

    @Test func `a server that fails at everything for hours costs no record`() {
        var bench = QueueBench()
        bench.add(1...8)
        for _ in 0..<200 {
            if bench.queue.isStuck || bench.queue.next() == nil { bench.queue.retrySuspect() }
            bench.send { _ in .fault(reason: "503") }
            bench.now += .seconds(300)
        }
        #expect(bench.rejected.isEmpty)
        for _ in 0..<20 {
            bench.run { _ in .accepted() }
            bench.queue.retrySuspect()
        }
        #expect(bench.accepted.sorted() == Array(1...8))
        #expect(bench.rejected.isEmpty)
    }

    /// What a sink does in the property test below.
    private enum Mood: CaseIterable { case well, down, failing, refusing, answeringEach }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `whatever a sink does, only what it never takes is given up, and streams keep their order`(seed: UInt64) throws
    {
        var random = SplitMix64(state: seed)
        var bench = QueueBench()
        // Of these, all that goes wrong is that the sink is down at times.
        let isOrderly = seed % 3 == 0
        let moods: [Mood] = isOrderly ? [.well, .down] : Mood.allCases
        let poison = Set(
            (1...200 as ClosedRange<Int64>).filter { _ in !isOrderly && Int.random(in: 0..<40, using: &random) == 0 })
        var streams: [Int64: Int64] = [:]
        var next: Int64 = 1
        var underWay: [Parcel] = []
        var mood = Mood.well
        var wasRefusing = false
        for step in 0..<5000 {
            if next > 200, bench.queue.isEmpty { break }
            // In the end it is well.
            if Int.random(in: 0..<12, using: &random) == 0 {
                mood = step > 1500 ? .well : moods.randomElement(using: &random) ?? .well
                wasRefusing = wasRefusing || mood == .failing || mood == .refusing
            }
            bench.now += .seconds(Int.random(in: 0..<60, using: &random))
            if next <= 200, Bool.random(using: &random) {
                let last = min(200, next + Int64.random(in: 0..<20, using: &random))
                let stream = Int64.random(in: 1...3, using: &random)
                if !bench.queue.busyStreams.contains(StreamID(rawValue: stream)) {
                    for sequence in next...last { streams[sequence] = stream }
                    bench.add(next...last, stream: stream)
                    next = last + 1
                }
            }
            if underWay.count < 3, !bench.queue.isStuck, let parcel = bench.begin() {
                underWay.append(parcel)
            } else if bench.queue.isStuck || bench.queue.next() == nil, bench.queue.outstanding == 0 {
                let isJudged = next > 200 && !bench.queue.isStuck && bench.queue.judgeSuspects()
                if !isJudged { bench.queue.retrySuspect() }
            }
            guard !underWay.isEmpty, Bool.random(using: &random) else { continue }
            let parcel = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
            let isPoisoned = parcel.records.contains { poison.contains($0.sequence) }
            let delivery: Delivery =
                switch mood {
                case .well: isPoisoned ? .split(reason: "bad") : .accepted()
                case .down: .retry(reason: "down")
                case .failing: .fault(reason: "500")
                case .refusing: .split(reason: "all")
                case .answeringEach:
                    .perRecord(
                        parcel.records.map { record in
                            if poison.contains(record.sequence) { return .rejected(reason: "bad") }
                            return Int.random(in: 0..<5, using: &random) == 0 ? .retry(reason: "busy") : .accepted
                        })
                }
            _ = bench.finish(parcel, delivery)
        }
        #expect(bench.queue.isEmpty && next == 201)
        #expect(Set(bench.accepted).count == bench.accepted.count)
        // A record may be refused, then another accepted, then it be refused once more by a sink that refuses
        // everything at that moment: nobody can tell that from a bad record.
        #expect(poison.isSubset(of: bench.rejected))
        if !wasRefusing { #expect(Set(bench.rejected) == poison) }
        #expect(Set(bench.accepted).union(bench.rejected) == Set(1...200))
        guard isOrderly else { return }
        for stream in 1...3 as ClosedRange<Int64> {
            let own = bench.accepted.filter { streams[$0] == stream }
            #expect(own == own.sorted())
        }
    }
}
