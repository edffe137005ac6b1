import PipelineCore
import Synchronization
import Testing

@Suite struct MemoryBudgetTests {
    /// Lets tasks run until they can do no more; none of them waits for anything but the budget.
    private static func settle() async {
        for _ in 0..<200 { await Task.yield() }
    }

    private static func kind(_ body: () async throws(SourceError) -> Void) async -> String {
        do throws(SourceError) {
            try await body()
            return "taken"
        } catch {
            guard case .noRoom = error else { return "cancelled" }
            return "no room"
        }
    }

    @Test func `what is taken is counted until it is given back`() async throws {
        let budget = MemoryBudget(bytes: 100)
        let (first, second) = (budget.hold(isFirst: true), budget.hold(isFirst: false))
        try await first.take(60)
        try await second.take(40)
        #expect(budget.used == 100)
        first.release()
        first.release()
        #expect(budget.used == 40)
        second.release()
        #expect(budget.used == 0)
    }

    @Test func `there is room for another pass as long as what is usual fits beside what is under way`() async throws {
        let budget = MemoryBudget(bytes: 100)
        #expect(budget.hasRoom)
        let first = budget.hold(isFirst: true)
        try await first.take(40)
        first.finishReading()
        // 40 are held, and 40 are usual.
        #expect(budget.hasRoom)
        let second = budget.hold(isFirst: false)
        second.startReading()
        // Of the second, 20 are expected on top.
        #expect(budget.hasRoom)
        let third = budget.hold(isFirst: false)
        // It waits for its turn.
        #expect(budget.hasRoom)
        third.startReading()
        #expect(!budget.hasRoom)
        third.release()
        try await second.take(30)
        #expect(!budget.hasRoom)
        first.release()
        #expect(budget.hasRoom)
        second.release()
        #expect(budget.used == 0)
    }

    @Test func `a hold that is let go of gives back`() async throws {
        let budget = MemoryBudget(bytes: 100)
        func passing() async throws {
            let hold = budget.hold(isFirst: true)
            try await hold.take(70)
            #expect(budget.used == 70)
        }
        try await passing()
        #expect(budget.used == 0)
    }

    @Test func `a pass that is not first gives up, and may become first`() async throws {
        let budget = MemoryBudget(bytes: 100)
        let hold = budget.hold(isFirst: false)
        let before = await Self.kind { () throws(SourceError) in try await hold.take(101) }
        #expect(before == "no room")
        hold.becomeFirst()
        let after = await Self.kind { () throws(SourceError) in try await hold.take(1) }
        #expect(after == "taken")
    }

    @Test func `one at a time goes beyond the limit, the next when it is done`() async {
        let budget = MemoryBudget(bytes: 100)
        let holds = (0..<3).map { _ in budget.hold(isFirst: true) }
        let admitted = Notes()
        await withTaskGroup(of: Void.self) { group in
            for (index, hold) in holds.enumerated() {
                group.addTask {
                    if await Self.kind({ () throws(SourceError) in try await hold.take(101) }) == "taken" {
                        admitted.add(index)
                    }
                }
            }
            var done: Set<Int> = []
            for turn in 1...3 {
                while admitted.all.count < turn { await Task.yield() }
                await Self.settle()
                let now = admitted.all
                #expect(now.count == turn)
                guard let latest = now.last, done.insert(latest).inserted else { continue }
                // Even once what is held is only waiting to be appended, the next may go on.
                if turn == 1 { holds[latest].finishReading() } else { holds[latest].release() }
            }
        }
        #expect(budget.used == 101)
    }

    @Test func `room that comes back lets all who wait go on`() async throws {
        let budget = MemoryBudget(bytes: 100)
        let (big, overdrawn) = (budget.hold(isFirst: true), budget.hold(isFirst: true))
        try await big.take(100)
        try await overdrawn.take(1)
        let waiting = (0..<5).map { _ in budget.hold(isFirst: true) }
        let taken = await withTaskGroup(of: String.self) { group in
            for hold in waiting {
                group.addTask { await Self.kind { () throws(SourceError) in try await hold.take(1) } }
            }
            while budget.used < 106 { await Task.yield() }
            await Self.settle()
            big.release()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(taken == [String](repeating: "taken", count: 5))
    }

    @Test func `the first pass does not wait after its last page, others give up even then`() async {
        let budget = MemoryBudget(bytes: 10)
        let holds = (0..<3).map { budget.hold(isFirst: $0 < 2) }
        var kinds: [String] = []
        for hold in holds {
            kinds.append(await Self.kind { () throws(SourceError) in try await hold.take(20, isLast: true) })
        }
        #expect(kinds == ["taken", "taken", "no room"])
    }

    @Test func `cancelling ends the wait, and what was held can be given back`() async throws {
        let budget = MemoryBudget(bytes: 10)
        let (overdrawn, hold) = (budget.hold(isFirst: true), budget.hold(isFirst: true))
        try await overdrawn.take(20)
        let kind = await withTaskGroup(of: String.self) { group in
            group.addTask { await Self.kind { () throws(SourceError) in try await hold.take(5) } }
            while budget.used < 25 { await Task.yield() }
            group.cancelAll()
            return await group.next()
        }
        #expect(kind == "cancelled")
        hold.release()
        #expect(budget.used == 20)
    }

    @Test func `releasing ends the wait, and nothing is counted afterwards`() async throws {
        let budget = MemoryBudget(bytes: 10)
        let (overdrawn, hold) = (budget.hold(isFirst: true), budget.hold(isFirst: true))
        try await overdrawn.take(20)
        async let waiting = Self.kind { () throws(SourceError) in try await hold.take(5) }
        while budget.used < 25 { await Task.yield() }
        hold.release()
        let kind = await waiting
        #expect(kind == "cancelled")
        let late = await Self.kind { () throws(SourceError) in try await hold.take(5) }
        #expect(late == "cancelled")
        #expect(budget.used == 20)
        overdrawn.release()
        #expect(budget.used == 0)
    }

    /// Streams whose passes take pages, give up, are cancelled and are appended oldest first, as a collector does it.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `a random run ends, and everything is given back`(seed: UInt64) async throws {
        let budget = MemoryBudget(bytes: 50)
        let finished = await withTaskGroup(of: Int.self) { group in
            for stream in 0..<8 as Range<UInt64> {
                group.addTask { await Self.stream(budget, SplitMix(state: seed &* 1000 &+ stream)) }
            }
            return await group.reduce(0, +)
        }
        #expect(finished == 8 * 20)
        #expect(budget.used == 0)
    }

    /// Reads twenty windows, up to three at once.
    /// - Returns: how many were appended.
    private static func stream(_ budget: MemoryBudget, _ seed: SplitMix) async -> Int {
        var random = seed
        var appended = 0
        while appended < 20 {
            let width = Int.random(in: 1...3, using: &random)
            let holds = (0..<width).map { budget.hold(isFirst: $0 == 0) }
            let sizes = holds.map { _ in
                (0..<Int.random(in: 1...4, using: &random)).map { _ in 1 + Int(random.next() % 30) }
            }
            let isCut = Int.random(in: 0..<6, using: &random) == 0
            let kinds = await withTaskGroup(of: (Int, String).self) { group in
                for index in holds.indices {
                    let (hold, pages) = (holds[index], sizes[index])
                    group.addTask {
                        for (number, page) in pages.enumerated() {
                            await Task.yield()
                            let isLast = number == pages.count - 1
                            let kind = await Self.kind { () throws(SourceError) in
                                try await hold.take(page, isLast: isLast)
                            }
                            if kind != "taken" {
                                hold.release()
                                return (index, kind)
                            }
                        }
                        hold.finishReading()
                        return (index, "taken")
                    }
                }
                if isCut {
                    await Task.yield()
                    group.cancelAll()
                }
                var kinds = [String](repeating: "", count: width)
                for await (index, kind) in group {
                    kinds[index] = kind
                    // Appended oldest first: the next one is what the stream waits for.
                    if index == 0 {
                        holds[0].release()
                        if width > 1 { holds[1].becomeFirst() }
                    }
                }
                return kinds
            }
            for hold in holds { hold.release() }
            appended = min(20, appended + kinds.prefix { $0 == "taken" }.count)
        }
        return appended
    }
}

/// What happened, in order.
private final class Notes: Sendable {
    private let notes = Mutex<[Int]>([])

    var all: [Int] { notes.withLock { $0 } }

    func add(_ note: Int) { notes.withLock { $0.append(note) } }
}

/// Chance that repeats: https://prng.di.unimi.it/splitmix64.c
private struct SplitMix: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
