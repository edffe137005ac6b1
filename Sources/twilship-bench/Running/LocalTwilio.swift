import Foundation

/// A simulated Twilio in a process of its own.
struct LocalTwilio {
    struct Plan {
        /// Log records from before the start.
        var records = 0
        /// Environments with logs.
        var streams = 1
        /// Live log records per second.
        var rate = 0.0
        /// How far back the history reaches.
        var span = "20h"
        /// Requests per second that it answers; 0 is no limit.
        var requestsPerSecond = 0
    }

    let child: Child
    let url: String
    let account: String
    let key: String
    let secret: String

    private struct Hello: Decodable {
        struct Account: Decodable {
            let sid, key_sid, key_secret: String
        }
        let url: String
        let accounts: [Account]
    }

    init(_ plan: Plan, _ workshop: Workshop, folder: String) throws {
        let output = "\(folder)/twilio.out"
        // Of a service's environments, at most 1,000, every third has no build and no logs.
        let services = (plan.streams + 499) / 500
        let each = plan.streams / services
        child = try Child(
            workshop.program("twilio-simulator"),
            [
                "--json", "--history", "\(plan.records)", "--history-span", plan.span, "--rate", "\(plan.rate)",
                "--services", "\(services)", "--environments", "\(each + (each - 1) / 2)",
                "--requests-per-second", "\(plan.requestsPerSecond)",
            ], log: output)
        while true {
            // A long answer may be there in part only.
            if let data = FileManager.default.contents(atPath: output),
                let hello = try? JSONDecoder().decode(Hello.self, from: data)
            {
                url = hello.url
                account = hello.accounts[0].sid
                key = hello.accounts[0].key_sid
                secret = hello.accounts[0].key_secret
                return
            }
            guard child.isRunning else { throw BenchError("the simulator does not start: \(child.lastWords)") }
            guard child.age < .seconds(120) else { throw BenchError("the simulator does not say where it listens") }
            usleep(5_000)
        }
    }

    /// What it gave out and refused.
    struct Truth: Decodable {
        // Named as in the answer.
        /// By status.
        let requests: [String: Int]
        let reads: Int
        let too_many_requests: Int

        var allRequests: Int { requests.values.reduce(0, +) }
    }

    func truth() throws -> Truth {
        try JSONDecoder().decode(Truth.self, from: Loopback.get(url + "/truth/summary"))
    }
}
