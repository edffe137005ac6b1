import Foundation
import Synchronization
import Testing

/// Seeded chance against the whole source side: see `HostileOracle` for what is proved, `HostileSchedule` for against what.
///
/// - `TWILSHIP_SCHEDULES`: how many schedules to run, after the known ones.
/// - `TWILSHIP_SEED`: the first of them; without the other, the only one.
/// - `TWILSHIP_TRACE`: a line for each.
@Suite struct HostileTests {
    @Test func `whatever happens, every record is collected once or lies in a recorded gap`() async throws {
        let queue = HostileQueue()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) {
                group.addTask {
                    while let seed = queue.next() { await queue.note(seed, HostileQueue.problems(of: seed)) }
                }
            }
        }
        let failures = queue.failures
        #expect(failures.isEmpty, "\(failures.count) schedules fail:\n\(failures.prefix(10).joined(separator: "\n\n"))")
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `the same seed makes the same requests`(seed: UInt64) async throws {
        let schedule = HostileSchedule(seed: seed)
        let (one, other) = (HostileWorld(schedule), HostileWorld(schedule))
        _ = try await one.run()
        _ = try await other.run()
        let (first, second) = (one.transport.exchanges, other.transport.exchanges)
        let difference = zip(first, second).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(difference == nil)
        #expect(first.count == second.count)
    }
}

/// The seeds that are to be tried, and what came of them.
final class HostileQueue: Sendable {
    private struct State {
        var seeds: ArraySlice<UInt64>
        var failures: [String] = []
    }

    private static let standardCount = 150

    private let state: Mutex<State>

    init() {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["TWILSHIP_SCHEDULES"].flatMap { UInt64($0) }
        if let seed = environment["TWILSHIP_SEED"].flatMap({ UInt64($0) }) {
            state = Mutex(State(seeds: (0..<(count ?? 1)).map { seed &+ $0 }[...]))
        } else {
            let fresh = (1...(count ?? UInt64(Self.standardCount)))
            state = Mutex(State(seeds: (HostileSeeds.known + fresh)[...]))
        }
    }

    var failures: [String] { state.withLock { $0.failures } }

    func next() -> UInt64? { state.withLock { $0.seeds.popFirst() } }

    func note(_ seed: UInt64, _ problems: [String]) {
        guard !problems.isEmpty else { return }
        let text = "seed \(seed):\n\(problems.prefix(4).joined(separator: "\n"))\n\(HostileSchedule(seed: seed))"
        state.withLock { $0.failures.append(text) }
    }

    static func problems(of seed: UInt64) async -> [String] {
        let begun = ContinuousClock.now
        let world = HostileWorld(HostileSchedule(seed: seed))
        var problems: [String]
        do {
            problems = try await world.run()
        } catch {
            problems = ["IT THREW \(error)"]
        }
        if ProcessInfo.processInfo.environment["TWILSHIP_TRACE"] != nil {
            print(
                "seed \(seed): \(ContinuousClock.now - begun), \(world.transport.exchanges.count) requests, "
                    + "\(problems.count) problems \(problems.first?.prefix(40) ?? "")")
        }
        if ProcessInfo.processInfo.environment["TWILSHIP_DUMP"] != nil {
            for exchange in world.transport.exchanges { print(exchange) }
        }
        return problems
    }
}
