import ArgumentParser
import HostileSchedules

/// Runs hostile schedules against the source side, over virtual time, and says which did not end as promised.
@main
struct HostileSchedulesProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hostile-schedules",
        abstract: "Run hostile schedules against the source side of twilship.",
        discussion: """
            Late, reordered, doubled and hidden records, full seconds, refusals, outages, lying clocks, kills,
            services that come and go: each seed is one schedule, the same every time. Exit code 1 if a record was
            lost or doubled, or a stream starved; the seed is printed.
            """)

    @Option(help: "How many schedules, seeds 1 and up, after those that once failed.")
    var count: UInt64 = 2000

    @Option(help: "Run the schedule of this seed only.")
    var seed: UInt64?

    @Flag(help: "Print a line for each schedule.")
    var verbose = false

    @Flag(help: "With --seed: print every request.")
    var requests = false

    func run() async throws {
        if requests, let seed {
            for request in try await HostileRun.requests(of: seed) { print(request) }
            return
        }
        let isVerbose = verbose
        let seeds = seed.map { [$0] } ?? HostileRun.standardSeeds(count)
        let run = HostileRun(seeds) { line in
            if isVerbose { print(line) }
        }
        let failures = await run.failures()
        for failure in failures { print(failure + "\n") }
        print("\(seeds.count) schedules, \(failures.count) failed")
        if !failures.isEmpty { throw ExitCode.failure }
    }
}
