import Foundation
import Synchronization

/// Many schedules, one after the other on every core: see `HostileOracle` for what is proved, `HostileSchedule` for
/// against what.
package final class HostileRun: Sendable {
    private struct State {
        var seeds: ArraySlice<UInt64>
        var failures: [String] = []
    }

    private let state: Mutex<State>
    private let tell: @Sendable (_ line: String) -> Void

    /// - Parameter tell: gets a line for each schedule that has been run.
    package init(_ seeds: [UInt64], tell: @escaping @Sendable (_ line: String) -> Void = { _ in }) {
        state = Mutex(State(seeds: seeds[...]))
        self.tell = tell
    }

    /// Seeds that once failed, then this many fresh ones.
    package static func standardSeeds(_ count: UInt64) -> [UInt64] {
        HostileSeeds.known + (count == 0 ? [] : Array(1...count))
    }

    /// Runs them all.
    /// - Returns: a text for each schedule that did not end as promised, with its seed.
    package func failures() async -> [String] {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) {
                group.addTask {
                    while let seed = self.state.withLock({ $0.seeds.popFirst() }) { await self.run(seed) }
                }
            }
        }
        return state.withLock { $0.failures }
    }

    /// Every request of a schedule with its answer, in order.
    package static func requests(of seed: UInt64) async throws -> [String] {
        let world = HostileWorld(HostileSchedule(seed: seed))
        _ = try await world.run()
        return world.transport.exchanges.map { "\($0)" }
    }

    private func run(_ seed: UInt64) async {
        let begun = ContinuousClock.now
        let schedule = HostileSchedule(seed: seed)
        let world = HostileWorld(schedule)
        var problems: [String]
        do {
            problems = try await world.run()
        } catch {
            problems = ["it ended with an error: \(error)"]
        }
        tell(
            "seed \(seed): \(ContinuousClock.now - begun), \(world.transport.exchanges.count) requests, "
                + "\(problems.count) problems")
        guard !problems.isEmpty else { return }
        let text = "seed \(seed):\n\(problems.prefix(4).joined(separator: "\n"))\n\(schedule)"
        state.withLock { $0.failures.append(text) }
    }
}
