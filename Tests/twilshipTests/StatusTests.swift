import Foundation
import PipelineCore
import Settings
import Simulating
import Testing
import TwilioSources

@testable import Forwarding
@testable import Spooling
@testable import twilship

@Suite struct StatusTests {
    // MARK: - On the screen

    @Test func `five hundred streams with long names fit 100 columns, and the quiet ones are folded`() {
        var streams = (0..<3).map { StatusMaterial.stream($0, state: "waiting_for_room", lag: 90_000, poll: 300) }
        streams += (3..<500).map {
            StatusMaterial.stream($0, state: $0 % 50 == 0 ? "reading" : "waiting", lag: 170, poll: 299)
        }
        let report = StatusMaterial.report(streams)
        let lines = report.lines()
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines.filter { $0.count > 100 })")
        #expect(lines.contains("+ 480 more streams: 471 waiting, 9 reading, lag ≤ 3 min; --all shows them"))
        #expect(lines.count { $0.contains("waiting_for_room") } == 3)
        #expect(lines.count < 80)
        let all = report.lines(all: true)
        #expect(all.count { $0.hasPrefix("a-very-") } == 1000)
        // Whole names, so that no two rows look the same.
        #expect(Set(all.compactMap { $0.hasPrefix("a-very-") ? $0.split(separator: "  ").first : nil }).count == 500)
    }

    @Test func `streams that are all alike are folded into one line`() {
        let lines = StatusMaterial.report(
            (0..<25).map { StatusMaterial.stream($0, state: "waiting", lag: 12, poll: 10) }
        ).lines()
        #expect(lines.contains("+ 5 more streams, all waiting, lag ≤ 12 s; --all shows them"))
    }

    @Test func `what many streams fail with is told once`() {
        let streams = (0..<40).map {
            StatusMaterial.stream($0, state: "failing", lag: 500, poll: 10, failures: 3, error: "GET x answered 503")
        }
        let lines = StatusMaterial.report(streams).lines()
        #expect(lines.count { $0.contains("answered 503") } == 1)
        #expect(
            lines.contains {
                $0.hasPrefix("WARNING   a-very-long-account-name-0 serverless.logs, 40 streams: failed 3 times")
            })
    }

    @Test func `max_reads_per_day, gaps and a silent service are told at the top`() {
        let stream = StatusMaterial.stream(0, state: "waiting", lag: 5000, poll: 10, allowance: "spent")
        let gaps = (0..<12).map { number in
            StatusReport.Gap(
                account: "production", dataset: "serverless.logs", serviceSid: nil, environmentSid: "ZE1",
                from: StatusMaterial.now, to: StatusMaterial.now + .seconds(1), reason: "there were too many",
                foundAt: StatusMaterial.now + .seconds(number))
        }
        let lines = StatusMaterial.report([stream], gaps: gaps, heard: .seconds(-200)).lines()
        #expect(
            lines.contains {
                $0.hasPrefix("WARNING   a-very-long-account-name-0 serverless.logs: max_reads_per_day is used up")
            })
        #expect(lines.count { $0.hasPrefix("gap: production serverless.logs ZE1") } == 10)
        #expect(lines.contains("+ 2 older gaps; --all shows them"))
        #expect(lines.contains { $0.hasPrefix("CRITICAL  the service has not said anything for 3 min") })
        #expect(lines.contains { $0.contains("waiting (spent)") })
    }

    @Test func `a name is shortened in its middle, and a sentence is broken between words`() {
        #expect(Terminal.shortened("AE0123456789", to: 7) == "AE0…789")
        #expect(Terminal.shortened("short", to: 7) == "short")
        let lines = Terminal.wrapped("one two three four", width: 9)
        #expect(lines == ["one two", "  three", "  four"])
        #expect(Terminal.wrapped("\u{1b}[2J") == ["\\x1b[2J"])
    }

    // MARK: - From what is remembered

    @Test func `a stream that is gone comes last, and has no lag`() throws {
        let report = StatusReport(
            StatusMaterial.summary([StatusMaterial.remembered(0, retired: true), StatusMaterial.remembered(1)]), [],
            now: StatusMaterial.now)
        #expect(report.streams.map(\.state) == ["stopped", "retired"])
        #expect(report.streams.map { $0.lagSeconds != nil } == [true, false])
        #expect(report.streams.last?.retiredAt == StatusMaterial.now)
        #expect(report.lines().contains { $0.contains("retired 2026-05-28") })
    }

    @Test func `records that came later than overlap give a hint with a value and the key`() throws {
        let accounts = try settings(events: "overlap = \"10m\"").accounts
        var lateness = LatenessHistogram()
        lateness.add(.seconds(20), count: 500)
        // Who was not looked at for a moment is this late without any fault of Twilio's.
        lateness.add(.seconds(620), count: 40)
        #expect(
            StatusReport(
                StatusMaterial.summary([StatusMaterial.remembered(0, lateness)]), accounts, now: StatusMaterial.now
            ).hints.isEmpty)
        lateness.add(.seconds(2_000), count: 12)
        let report = StatusReport(
            StatusMaterial.summary([StatusMaterial.remembered(0, lateness)]), accounts, now: StatusMaterial.now)
        let hint = try #require(report.hints.first)
        #expect(hint.contains("12 records of today and yesterday came more than overlap (10m) after their date"))
        #expect(hint.contains("the latest 34 min"))
        #expect(hint.contains("`overlap = \"1h\"` in [account.events]"))
        #expect(report.streams.first?.lateness?.records == 552)
        #expect(report.streams.first?.lateness?.maxSeconds == 2_000)
        #expect(report.lines().allSatisfy { $0.count <= 100 })
    }

    @Test func `records that come later than the longest overlap want another age of reread_after`() throws {
        var lateness = LatenessHistogram()
        lateness.add(.seconds(100_000))
        let report = StatusReport(
            StatusMaterial.summary([StatusMaterial.remembered(0, lateness)]), try settings().accounts,
            now: StatusMaterial.now)
        #expect(report.hints.first?.contains("1 record of today") == true)
        #expect(report.hints.first?.contains("add \"2d\" to `reread_after` in [account.events]") == true)
    }

    @Test func `a subaccount's records count for the settings of its parent`() throws {
        var lateness = LatenessHistogram()
        lateness.add(.seconds(7_000))
        let accounts = try settings(account: "subaccounts = \"discover\"").accounts
        let stream = StatusMaterial.remembered(
            0, lateness, account: "production/shop", sid: "AC" + String(repeating: "9", count: 32))
        let hint = StatusReport(StatusMaterial.summary([stream]), accounts, now: StatusMaterial.now).hints.first
        #expect(hint?.hasPrefix("production monitor.events: 1 record") == true)
        #expect(hint?.contains("`overlap = \"2h\"`") == true)
    }

    // MARK: - Of the service

    @Test func `a rate that a 429 lowered is in the report, with what is configured`() throws {
        let clock = SystemClock()
        let pool = NetworkPool(clock: clock)
        let account = try #require(try settings().accounts.first)
        func budget(_ name: String, _ environment: String?) -> NetworkPool.Budget {
            pool.budget(
                account.rateLimit,
                for: NetworkPool.BudgetUser(account: name, accountSID: name, api: "serverless.logs"), user: "SK",
                environment: environment, address: account.logs.baseURL)
        }
        let limiter = budget("first", nil).limiter
        _ = budget("second", nil)
        limiter.wasRefused(sentAt: clock.monotonicNow, retryAfter: .seconds(1))
        let rates = pool.rates
        #expect(rates.map(\.account) == ["first", "second"])
        #expect(rates.map(\.configured) == [4, 4])
        #expect(rates.map(\.now) == [2, 4])
        #expect(rates.map(\.slowed) == [1, 0])
    }

    @Test func `reports come the more rarely the more streams there are, but troubles are told at once`() {
        var board = StatusBoard.Contents()
        var rhythm = ReportRhythm()
        let start = ContinuousClock.now
        for number in 0..<1_000 {
            board.streams[StatusMaterial.key(number)] = StreamStatus()
        }
        func step(_ seconds: Int) -> ReportRhythm.Step { rhythm.next(board, at: start + .seconds(seconds)) }
        #expect(step(0) == .report)
        #expect(step(2) == .rest)
        board.streams[StatusMaterial.key(5)]?.requests = 1
        #expect(step(4) == .tidy)
        board.streams[StatusMaterial.key(5)]?.failures = 1
        #expect(step(6) == .report)
        board.streams[StatusMaterial.key(5)]?.requests = 2
        #expect(step(44) == .tidy)
        #expect(step(46) == .report)
        #expect(step(104) == .rest)
        #expect(step(106) == .report)
        board.streams = [StatusMaterial.key(1): StreamStatus()]
        #expect(step(108) == .report)
    }

    @Test func `beside a running service status knows names, intervals, searches, usage and rates`() async throws {
        var options = SimulatorOptions()
        options.history = 200
        options.requestsPerSecond = 0
        try await Workshop.with(options) { workshop in
            try workshop.configure(
                events: "poll_interval = \"1s\"",
                logs: "base_url = \"\(workshop.simulator.url)\"\nstart = \"30d\"\npoll_interval = \"1s\"")
            let service = try workshop.start(["run", "--config", workshop.configurationPath])
            var report: [String: Any] = [:]
            try await eventually("everything is in the report") {
                let outcome = try await workshop.run("status", "--json")
                guard outcome.code == 0 else { return false }
                report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any] ?? [:]
                let streams = report["streams"] as? [[String: Any]] ?? []
                return streams.reduce(0) { $0 + ($1["collected"] as? Int ?? 0) } >= 400
                    && streams.allSatisfy { $0["poll_seconds"] != nil }
            }
            let streams = try #require(report["streams"] as? [[String: Any]])
            let logs = streams.filter { $0["dataset"] as? String == "serverless.logs" }
            #expect(logs.count == 2)
            #expect(logs.allSatisfy { $0["service_name"] is String && $0["environment_name"] is String })
            let search = try #require((report["discoveries"] as? [[String: Any]])?.first)
            #expect(search["name"] as? String == "production serverless.logs")
            #expect(search["found"] as? Int == 2)
            #expect(search["state"] as? String == "ok")
            let usage = try #require(report["usage"] as? [[String: Any]])
            #expect(usage.compactMap { $0["dataset"] as? String } == ["monitor.events", "serverless.logs"])
            #expect(usage.allSatisfy { $0["records_today"] as? Int ?? 0 >= 200 })
            let rates = try #require(report["rates"] as? [[String: Any]])
            #expect(rates.allSatisfy { $0["requests_per_second"] as? Double == 1000 })
            #expect(rates.count == 2)
            let screen = try await workshop.run("status").output
            #expect(screen.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(screen)")
            #expect(screen.contains("SEARCH"))
            service.signal(SIGTERM)
            #expect(await service.outcome().code == 0)
        }
    }
}
