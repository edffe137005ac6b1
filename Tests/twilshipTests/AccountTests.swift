import Foundation
import Simulating
import Testing

@testable import twilship

@Suite(.serialized) struct AccountTests {
    @Test func `a secret that is put right while the service runs is used without a restart`() async throws {
        var options = SimulatorOptions()
        options.history = 50
        options.requestsPerSecond = 0
        try await Workshop.with(options) { workshop in
            try workshop.configure(events: "poll_interval = \"1s\"")
            let secret = URL(fileURLWithPath: workshop.folder + "/secret")
            let right = try Data(contentsOf: secret)
            try Data("not the token".utf8).write(to: secret)
            let program = try workshop.start(["run", "--config", workshop.configurationPath])
            try await eventually("the credential is refused") { program.said.contains("refuses the credential") }
            #expect(try workshop.deliveredLines() == 0)
            // Written in place, as an editor or a configuration manager does.
            try right.write(to: secret)
            try await eventually("it is collected") { try workshop.deliveredLines() == 50 }
            program.signal(SIGTERM)
            let outcome = await program.outcome()
            #expect(outcome.code == 0)
            #expect(!outcome.complaints.contains("not the token"))
            #expect(!outcome.complaints.contains(String(decoding: right, as: UTF8.self)))
        }
    }

    @Test func `active subaccounts are collected with tokens of their own, under names that are safe and unique`()
        async throws
    {
        var options = SimulatorOptions()
        options.history = 40
        options.requestsPerSecond = 0
        options.addSubaccounts(25)
        try await Workshop.with(options) { workshop in
            let accounts = workshop.simulator.twilio.accounts
            let (suspended, excluded) = (accounts[3], accounts[4])
            workshop.simulator.twilio.setStatus(account: suspended.sid, .suspended)
            try workshop.configure(
                account: """
                    subaccounts = "discover"
                    subaccount_names = ["*", "!\(excluded.sid)"]
                    api_base_url = "\(workshop.simulator.url)"
                    """)
            let outcome = try await workshop.run("run", "--once")
            #expect(outcome.code == 0, "\(outcome.complaints)")
            let wanted = accounts.filter { $0.sid != suspended.sid && $0.sid != excluded.sid }
            let truth = wanted.flatMap { account in
                workshop.simulator.twilio.truth(account: account.sid, dataset: .events, at: SimulatorClock.now())
                    .map(\.sid)
            }
            let delivered = try workshop.deliveredIDs()
            #expect(truth.count == 24 * 40)
            #expect(delivered.count == truth.count)
            #expect(Set(truth).subtracting(delivered).isEmpty)

            let status = try await workshop.run("status", "--json", "--all").output
            let report = try #require(JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any])
            let names = try #require(report["streams"] as? [[String: Any]]).compactMap { $0["account"] as? String }
            #expect(names.count == 24)
            #expect(Set(names).count == 24)
            #expect(names.count { $0.hasPrefix("production/") } == 23)
            let safe = #/production(/[A-Za-z0-9_.-]+)?/#
            #expect(names.allSatisfy { $0.wholeMatch(of: safe) != nil })
            for account in accounts { #expect(!outcome.complaints.contains(account.authToken)) }
        }
    }

    @Test func `names of subaccounts are made safe and unique`() {
        let names = SubaccountNames.unique(
            [
                ("AC1", "Support"), ("AC2", "Support"), ("AC3", "../../etc/passwd"), ("AC4", "\u{1b}[31m"),
                ("AC5", "…"),
                ("AC6", "Müller & Söhne"), ("AC7", ""), ("AC8", String(repeating: "x", count: 500)), ("AC9", ".."),
            ], parent: "p")
        #expect(names["AC1"] == "p/Support-AC1")
        #expect(names["AC2"] == "p/Support-AC2")
        #expect(names["AC3"] == "p/..-..-etc-passwd")
        #expect(names["AC4"] == "p/31m")
        #expect(names["AC5"] == "p/AC5")
        #expect(names["AC6"] == "p/M-ller-S-hne")
        #expect(names["AC7"] == "p/AC7")
        #expect((names["AC8"] ?? "").utf8.count <= 2 + SubaccountNames.longest)
        #expect(names["AC9"] == "p/AC9")
    }
}
