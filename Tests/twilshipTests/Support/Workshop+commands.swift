import Foundation
import Simulating
import Testing

extension Workshop {
    /// Writes a configuration for the first accounts of the simulator, and the sinks `archive` and `second`.
    /// - Parameter collections: `[account.events]` and the like, for each account; `URL` stands for the simulator's.
    func configure(accounts names: [String], collections: String, rate: Int = 1000) throws {
        var text = """
            [state]
            directory = "\(folder)/state"
            [rate_limit]
            requests_per_second = \(rate)

            """
        for (name, account) in zip(names, simulator.twilio.accounts) {
            let secret = "\(folder)/secret-\(name)"
            text += """

                [[account]]
                name = "\(name)"
                account_sid = "\(account.sid)"
                secret = "file:\(secret)"
                \(collections.replacing("URL", with: simulator.url))

                """
            try Data(account.authToken.utf8).write(to: URL(fileURLWithPath: secret))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        }
        for (sink, path) in [("archive", outputFolder), ("second", folder + "/second")] {
            text += """

                [[sink]]
                name = "\(sink)"
                type = "file"
                path = "\(path)/{account}.jsonl"

                """
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: configurationPath))
    }

    static let quickEvents = """
        [account.events]
        base_url = "URL"
        poll_interval = "1s"
        overlap = "10s"
        reread_after = []
        start = "24h"
        """

    static let quickEventsAndLogs = """
        \(quickEvents)
        [account.logs]
        base_url = "URL"
        poll_interval = "1s"
        overlap = "10s"
        reread_after = []
        start = "24h"
        """

    static let eventsOnly = quickEvents + "\n[account.logs]\nenabled = false\nbase_url = \"URL\"\n"

    /// Starts the service, waits until it takes commands, runs `body` and stops it.
    func withService(_ body: (Program) async throws -> Void) async throws {
        let service = try await startedService()
        do {
            try await body(service)
        } catch {
            service.signal(SIGKILL)
            throw error
        }
        service.signal(SIGTERM)
        let outcome = await service.outcome()
        #expect(outcome.code == 0, "\(outcome.complaints)")
    }

    func startedService() async throws -> Program {
        let service = try start(["run", "--config", configurationPath])
        try await eventually("the service takes commands") {
            let isListening = FileManager.default.fileExists(atPath: folder + "/state/control")
            return isListening && service.said.contains("started")
        }
        return service
    }

    /// Runs the program to its end as somebody who may read the configuration, but no secret, and not reach a service.
    /// Only root can.
    func runAsStranger(_ command: String...) async throws -> Outcome {
        let program = folder + "/twilship"
        if !FileManager.default.fileExists(atPath: program) {
            try FileManager.default.copyItem(atPath: Program.path, toPath: program)
        }
        for path in [folder, program, configurationPath] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        let arguments = ["--reuid", "65534", "--clear-groups", program] + command + ["--config", configurationPath]
        return await (try Program(arguments, environment: [:], executable: "/usr/bin/setpriv")).outcome()
    }

    /// The ids in the files of the sink `second`.
    func idsOfSecondSink() throws -> [String] {
        try Self.ids(Self.wholeLines(folder + "/second").joined(separator: "\n"))
    }

    /// How many records of backfills the sink `second` has.
    func backfilledInSecondSink() throws -> Int {
        try Self.wholeLines(folder + "/second").count { $0.contains("\"tags\":[\"backfill\"]") }
    }

    /// Of Twilio's records.
    static func wholeLines(_ path: String) throws -> [Substring] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".jsonl") }.flatMap {
            try String(contentsOfFile: path + "/" + $0, encoding: .utf8)
                .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        }.filter { !isOwn($0) }
    }

    /// The `id` of each envelope, one a line.
    static func ids(_ text: String) throws -> [String] {
        try text.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(object?["id"] as? String)
        }
    }

    /// `status --json`: the first stream of a dataset.
    func stream(_ dataset: String = "monitor.events") async throws -> [String: Any] {
        let status = try await run("status", "--json")
        let report = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any]
        let streams = try #require(report?["streams"] as? [[String: Any]])
        return try #require(streams.first { $0["dataset"] as? String == dataset })
    }

    /// The SIDs of an account's records from an instant on (milliseconds since 1970), as far as they can be read now.
    func truth(_ account: Int = 0, _ dataset: SimulatedDataset = .events, from: Int64 = 0, to: Int64 = .max) -> [String]
    {
        simulator.twilio.truth(
            account: simulator.twilio.accounts[account].sid, dataset: dataset, at: SimulatorClock.now()
        ).filter { from <= $0.date && $0.date < to }.map(\.sid)
    }
}

/// An instant as people write it, whole seconds.
func instant(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
}
