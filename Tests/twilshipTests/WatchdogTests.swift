import Forwarding
import Foundation
import Logging
import PipelineCore
import PipelineTestKit
import Spooling
import Synchronization
import Testing

@testable import twilship

@Suite struct WatchdogTests {
    @Test func `it is fed while all parts turn, and not while one does not, which the log names`() async throws {
        let clock = VirtualClock()
        let folder = NSTemporaryDirectory() + "twilship-watchdog-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let spool = try Spool(
            directory: StateDirectory(path: folder),
            options: SpoolOptions(maximumBytes: 1 << 28, retain: .seconds(3600)), version: "1", now: { clock.wallNow },
            executor: clock.executor)
        let pulse = Pulse(interval: .seconds(30), clock: clock)
        let lines = KeptLines()
        let start = clock.monotonicNow
        let fed = Mutex<[Duration]>([])
        let watchdog = Watchdog(
            pulse: pulse, spool: spool, clock: clock, logger: Logger(label: "test") { _ in lines },
            feed: { fed.withLock { $0.append(start.duration(to: clock.monotonicNow)) } })
        try await clock.run(for: .seconds(1000)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await watchdog.watch() }
                pulse.begin("sink siem")
                // It turns for five minutes, stands still for five, and turns again.
                for second in 0..<900 {
                    if second < 300 || second >= 600 { pulse.beat("sink siem") }
                    try? await clock.sleep(for: .seconds(1))
                }
                group.cancelAll()
            }
        }
        let times = fed.withLock { $0 }.map(\.components.seconds)
        #expect(times.contains { (270...330).contains($0) })
        #expect(!times.contains { (361...599).contains($0) })
        #expect(times.contains { $0 > 630 })
        #expect(times.count >= 18)
        let told = lines.told
        #expect(told.count == 2)
        #expect(told.first?["stalled"] == "sink siem")
        #expect(told.map { $0["message_id"] } == [LogKind.stalled.rawValue, LogKind.movesAgain.rawValue])
    }
}
