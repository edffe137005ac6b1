import Foundation

/// twilship as it is shipped, in a process of its own.
struct Service {
    struct Plan {
        /// The lines of `[[sink]]`.
        var sink: String
        var requestsPerSecond = 100_000.0
        var burst = 1_000
        var pollInterval = "10s"
        /// Whether what was read is read again later.
        var rereads = true
        var maximumBytes = "2 GiB"
        var arguments = ["--once", "--timeout", "4h"]
    }

    let child: Child

    init(_ plan: Plan, _ twilio: LocalTwilio, _ workshop: Workshop, folder: String) throws {
        let secret = "\(folder)/secret"
        guard
            FileManager.default.createFile(
                atPath: secret, contents: Data(twilio.secret.utf8), attributes: [.posixPermissions: 0o600])
        else { throw BenchError("\(secret) cannot be written") }
        let configuration = """
            [state]
            directory = "\(folder)/state"
            max_bytes = "\(plan.maximumBytes)"
            [log]
            level = "warning"
            target = "stderr"
            [rate_limit]
            requests_per_second = \(plan.requestsPerSecond)
            burst = \(plan.burst)
            [heartbeat]
            interval = 0
            [[account]]
            name = "bench"
            account_sid = "\(twilio.account)"
            key_sid = "\(twilio.key)"
            secret = "file:\(secret)"
            [account.events]
            enabled = false
            [account.logs]
            base_url = "\(twilio.url)"
            poll_interval = "\(plan.pollInterval)"
            \(plan.rereads ? "" : "reread_after = []")
            start = "24h"
            [[sink]]
            name = "bench"
            \(plan.sink)
            """
        let path = "\(folder)/twilship.toml"
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        child = try Child(
            workshop.program("twilship"), ["run", "--config", path] + plan.arguments, log: "\(folder)/twilship.log")
    }
}
