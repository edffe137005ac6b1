import HostileSchedules
import Testing

@Suite struct HostileScheduleTests {
    /// As many as a debug build does in a minute or two; `packaging/schedules` runs thousands.
    private static let count: UInt64 = 25

    @Test func `whatever happens, every record is collected once or lies in a recorded gap`() async throws {
        let failures = await HostileRun(HostileRun.standardSeeds(Self.count)).failures()
        #expect(failures.isEmpty, "\(failures.count) schedules fail:\n\(failures.prefix(10).joined(separator: "\n\n"))")
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `the same seed makes the same requests`(seed: UInt64) async throws {
        let first = try await HostileRun.requests(of: seed)
        let second = try await HostileRun.requests(of: seed)
        let difference = zip(first, second).first { $0 != $1 }
        #expect(difference == nil)
        #expect(first.count == second.count)
        #expect(!first.isEmpty)
    }
}
