import Foundation
import Simulating
import Sockets
import Testing
import Transport

/// What the real service says of itself over HTTP and in a file, held against `status` and against Prometheus' own tool.
@Suite(.serialized) struct MetricsTests {
    private static let promtool = "/usr/bin/promtool"
    private static var isThere: Bool { FileManager.default.isExecutableFile(atPath: promtool) }
    private static let absence: Comment = "skipped: no promtool; packaging/install-dependencies test"

    @Test(.enabled(if: isThere, absence), .timeLimit(.minutes(2)))
    func `what is scraped is what status shows, and what rules and dashboard ask for`() async throws {
        try await Workshop.with(Self.quiet) { workshop in
            let port = try Self.freePort()
            let textfile = workshop.folder + "/twilship.prom"
            try workshop.configure(
                events: "poll_interval = \"1s\"\noverlap = \"10s\"\nreread_after = []",
                sink: Self.brokenSink(port: try Self.freePort()),
                top: "[metrics]\nlisten = \"127.0.0.1:\(port)\"\ntextfile = \"\(textfile)\"\n[heartbeat]\ninterval = 0")
            try await workshop.withService { _ in
                let count = workshop.truth().count
                #expect(count > 100)
                try await eventually("everything is collected and delivered") {
                    let scrape = try await Scrape(port)
                    return scrape["twilship_records_collected_total", "production"] == Double(count)
                        && scrape["twilship_sink_backlog_records", "archive"] == 0
                        && scrape["twilship_sink_retries_total", "siem"] ?? 0 > 0
                }
                let before = try await workshop.report()
                let scrape = try await Self.scrape(port, notBefore: before)
                let after = try await workshop.report()
                try Self.compare(scrape, before, after)
                try Self.expectAccepted(scrape.text)

                let health = try await Self.get(port, "/healthz")
                #expect(health.status == 200 && health.text == "ok\n")
                try await eventually("the file is written") { FileManager.default.fileExists(atPath: textfile) }
                let file = Scrape(text: try String(contentsOfFile: textfile, encoding: .utf8))
                try Self.expectAccepted(file.text)
                #expect(file["twilship_textfile_write_timestamp_seconds"] ?? 0 > 1_000_000_000)
                // The node exporter has its own, and refuses a second one.
                #expect(!file.text.contains("process_"))
                #expect(scrape["process_resident_memory_bytes"] ?? 0 > 1_000_000)

                let told = scrape.names.union(["up", "twilship_textfile_write_timestamp_seconds"])
                for asset in [try MonitoringAsset.rules, try MonitoringAsset.dashboard] {
                    #expect(asset.queries.count > 10)
                    for query in asset.queries {
                        #expect(query.metrics.subtracting(told) == [], "\(asset.name)")
                        #expect(!query.metrics.isEmpty, "\(asset.name): \(query.expression)")
                        // What Prometheus adds itself.
                        let labels = scrape.labels(of: query.metrics).union(["instance", "job"])
                        let isSeen = query.metrics.isSubset(of: scrape.names)
                        #expect(!isSeen || query.labels.subtracting(labels) == [], "\(asset.name): \(query.expression)")
                    }
                }
                // And each is explained.
                let page = try String(
                    contentsOf: DocumentedBlock.root.appending(
                        path: "Sources/twilship/Documentation.docc/Metrics.md"), encoding: .utf8)
                for name in told where name != "up" { #expect(page.contains("`\(name)"), "\(name)") }
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a port that is taken and a directory that is missing are told once, and nothing else waits`() async throws {
        try await Workshop.with(Self.quiet) { workshop in
            let taken = try StreamSocket.listening(at: "127.0.0.1", port: 0)
            try workshop.configure(
                top: "[metrics]\nlisten = \"127.0.0.1:\(taken.port)\"\ntextfile = \"\(workshop.folder)/none/a.prom\"")
            try await workshop.withService { service in
                try await eventually("records are delivered") {
                    try workshop.deliveredLines() == workshop.truth().count
                }
                try await eventually("both are told") {
                    service.said.contains("metrics cannot be served, everything else goes on")
                        && service.said.contains("the file for metrics cannot be written, everything else goes on")
                }
                #expect(service.said.contains("Address already in use (bind)"))
                #expect(service.said.contains("none/.a.prom.tmp cannot be written: No such file or directory (open)"))
            }
            withExtendedLifetime(taken) {}
        }
    }

    @Test(.enabled(if: isThere, absence))
    func `the alert rules are valid, and fire when they should`() throws {
        let folder = DocumentedBlock.root.appending(path: "packaging/prometheus").path
        let check = try Self.run(["check", "rules", folder + "/twilship.rules.yml"])
        #expect(check.code == 0, "\(check.said)")
        let test = try Self.run(["test", "rules", folder + "/twilship.rules.test.yml"])
        #expect(test.code == 0, "\(test.said)")
    }

    @Test(.enabled(if: isThere, absence))
    func `Prometheus understands each query of the dashboard`() throws {
        let file = NSTemporaryDirectory() + "twilship-dashboard-" + UUID().uuidString + ".yml"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let dashboard = try MonitoringAsset.dashboard
        try Data(dashboard.asRules.utf8).write(to: URL(fileURLWithPath: file))
        let check = try Self.run(["check", "rules", file])
        #expect(check.code == 0, "\(check.said)")
        #expect(check.said.contains("\(dashboard.queries.count) rules found"), "\(check.said)")
    }

    @Test func `check says who can read metrics`() async throws {
        try await Workshop.with(Self.quiet) { workshop in
            for (address, isWarned) in [("127.0.0.1", false), ("[::1]", false), ("0.0.0.0", true), ("[::]", true)] {
                try workshop.configure(top: "[metrics]\nlisten = \"\(address):9717\"")
                let outcome = try await workshop.run("check")
                #expect(outcome.code == 0)
                #expect(outcome.output.contains("metrics at http://\(address):9717/metrics"))
                #expect(outcome.output.contains("warning: others on the network can read them") == isWarned)
            }
        }
    }

    // MARK: - Support

    private static var quiet: SimulatorOptions {
        var options = SimulatorOptions()
        options.history = 500
        options.rate = 0
        options.requestsPerSecond = 0
        return options
    }

    /// Nobody listens there.
    private static func brokenSink(port: Int) -> String {
        """

        [[sink]]
        name = "siem"
        type = "syslog"
        transport = "tcp"
        address = "127.0.0.1:\(port)"
        start = "oldest"
        [sink.retry]
        initial = "100ms"
        max = "1s"
        """
    }

    private static func freePort() throws -> Int {
        try StreamSocket.listening(at: "127.0.0.1", port: 0).port
    }

    /// What is scraped is kept for a moment, and may be older than what the status has just said.
    private static func scrape(_ port: Int, notBefore report: [String: Any]) async throws -> Scrape {
        let sinks = try #require(report["sinks"] as? [[String: Any]])
        let retries = try #require(sinks.first { $0["name"] as? String == "siem" }?["retries"] as? Int)
        var scrape = try await Scrape(port)
        try await eventually("a new scrape") {
            scrape = try await Scrape(port)
            return Double(retries) <= scrape["twilship_sink_retries_total", "siem"] ?? -1
        }
        return scrape
    }

    private static func compare(_ scrape: Scrape, _ before: [String: Any], _ after: [String: Any]) throws {
        func items(_ report: [String: Any], _ key: String) throws -> [[String: Any]] {
            try #require(report[key] as? [[String: Any]])
        }
        func seconds(_ text: Any?) throws -> Double {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            return try style.parse(try #require(text as? String)).timeIntervalSince1970
        }
        let streams = (try items(before, "streams"), try items(after, "streams"))
        #expect(scrape["twilship_streams"] == Double(streams.1.count))
        let collected = try #require(streams.1.first?["collected"] as? Int)
        #expect(scrape["twilship_records_collected_total"] == Double(collected))
        let complete = try #require(scrape["twilship_stream_complete_timestamp_seconds"])
        #expect(try seconds(streams.0.first?["complete_up_to"]) - 0.001 <= complete)
        #expect(try complete <= seconds(streams.1.first?["complete_up_to"]) + 0.001)
        let requests = (try items(before, "usage").first?["requests_today"] as? Int ?? 0)
        #expect(Double(requests) <= scrape["twilship_requests_total", "production", "monitor.events", "200"] ?? 0)
        for sink in try items(after, "sinks") {
            let name = try #require(sink["name"] as? String)
            for (metric, key) in [
                ("twilship_records_delivered_total", "delivered"), ("twilship_sink_backlog_records", "backlog"),
                ("twilship_dead_letters", "dead_letters"), ("twilship_sink_skipped_records_total", "skipped"),
            ] {
                let number = try #require(sink[key] as? Int)
                #expect(scrape[metric, name] == Double(number), "\(metric) \(name)")
            }
            let earlier = try items(before, "sinks").first { $0["name"] as? String == name }
            let retries = try #require(earlier?["retries"] as? Int)
            #expect(Double(retries) <= scrape["twilship_sink_retries_total", name] ?? -1)
            if let waiting = sink["oldest_waiting"] {
                let oldest = try seconds(waiting)
                #expect(abs((scrape["twilship_sink_oldest_waiting_timestamp_seconds", name] ?? 0) - oldest) < 0.002)
            }
        }
        #expect(scrape["twilship_gaps_total"] == Double(try items(after, "gaps").count))
        for (metric, key) in [
            ("twilship_spool_bytes", "spool_bytes"), ("twilship_spool_undelivered_bytes", "spool_undelivered_bytes"),
        ] {
            let number = try #require(after[key] as? Int)
            #expect(scrape[metric] == Double(number) && number > 0)
        }
        #expect(scrape["twilship_spool_full"] == 0)
    }

    private static func expectAccepted(_ text: String) throws {
        let file = NSTemporaryDirectory() + "twilship-scrape-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let outcome = try run(["check", "metrics"], input: file)
        #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)")
    }

    private static func run(_ arguments: [String], input: String = "/dev/null") throws -> (code: Int32, said: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: promtool)
        process.arguments = arguments
        process.standardInput = FileHandle(forReadingAtPath: input)
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    fileprivate static func get(_ port: Int, _ path: String) async throws -> (status: Int, text: String) {
        var options = TransportOptions(userAgent: "test")
        options.allowsPlainHTTP = true
        options.proxy = ""
        let transport = try CurlTransport(options)
        do {
            let answer = try await transport.send(HTTPRequest(.get, HTTPURL("http://127.0.0.1:\(port)\(path)")))
            await transport.shutdown()
            return (answer.status, String(decoding: answer.body, as: UTF8.self))
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}

extension MonitoringAsset {
    fileprivate static var rules: Self { get throws { try Self(rules: "prometheus/twilship.rules.yml") } }
    fileprivate static var dashboard: Self { get throws { try Self(dashboard: "grafana/twilship.json") } }
}

/// Metrics, read back.
private struct Scrape {
    let text: String
    private let samples: [(name: String, labels: String, value: Double)]

    init(text: String) {
        self.text = text
        samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            guard let space = line.lastIndex(of: " ") else { return nil }
            let series = line[..<space]
            let name = series.prefix { $0 != "{" }
            return (String(name), String(series.dropFirst(name.count)), Double(line[space...].dropFirst()) ?? .nan)
        }
    }

    init(_ port: Int) async throws {
        // Until the service listens.
        var last: (any Error)?
        for _ in 0..<100 {
            do {
                let answer = try await MetricsTests.get(port, "/metrics")
                #expect(answer.status == 200, "\(answer.text)")
                self.init(text: answer.text)
                return
            } catch {
                last = error
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        throw last ?? CancellationError()
    }

    var names: Set<String> { Set(samples.map(\.name)) }

    /// The labels that at least one of these metrics has.
    func labels(of metrics: Set<String>) -> Set<String> {
        Set(
            samples.filter { metrics.contains($0.name) }.flatMap { sample in
                sample.labels.matches(of: #/([a-z_]+)="/#).map { String($0.output.1) }
            })
    }

    /// The one sample of that name that has these values of labels.
    subscript(_ name: String, _ labels: String...) -> Double? {
        samples.first { sample in
            sample.name == name && labels.allSatisfy { sample.labels.contains("=\"\($0)\"") }
        }?.value
    }
}

extension Workshop {
    /// `status --json`.
    fileprivate func report() async throws -> [String: Any] {
        let status = try await run("status", "--json")
        return try #require(try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
    }
}
