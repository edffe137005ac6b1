import Foundation
import Simulating
import Testing

@Suite struct TruthTests {
    @Test func `the truth is what paging every list finds`() throws {
        var caller = Caller { options in
            options.accounts = 2
            options.history = 150
            options.rate = 2
            options.late = 0.2
            options.services = 2
            options.environments = 3
        }
        caller.now += 40_000
        for account in caller.twilio.accounts {
            caller.user = account.sid
            caller.password = account.authToken
            var found: Set<String> = Set(try caller.sids("/v1/Events?PageSize=33"))
            for service in account.services {
                for environment in service.environments {
                    let target = "/v1/Services/\(service.sid)/Environments/\(environment.sid)/Logs"
                    let logs = try caller.sids(target + "?StartDate=2026-11-01&PageSize=33", key: "logs")
                    #expect(logs.isEmpty == (environment.buildSID == nil))
                    found.formUnion(logs)
                }
            }
            let truth = caller.twilio.truth(account: account.sid, at: caller.now)
            #expect(Set(truth.map(\.sid)) == found)
            #expect(truth.count == found.count)
            let lines = caller.twilio.answer(
                SimulatedRequest(target: "/truth?account=\(account.sid)"), at: caller.now)
            let expected = truth.map { "\($0.dataset.rawValue) \($0.account) \($0.sid) " }
            let given = String(decoding: lines.body, as: UTF8.self).split(separator: "\n")
            #expect(given.count == expected.count)
            #expect(zip(given, expected).allSatisfy { $0.hasPrefix($1) })
        }
    }

    @Test func `the summary counts answers and how often records were read`() throws {
        let caller = Caller { $0.history = 10 }
        for _ in 0..<3 { _ = caller.answer("/v1/Events?PageSize=5") }
        _ = caller.answer("/v1/Events?PageSize=0")
        let summary = caller.twilio.summary(at: epoch)
        #expect(summary.statuses == [200: 3, 400: 1])
        #expect(summary.reads == 15)
        #expect(summary.mostReads == 3)
        #expect(summary.meanReads == 0.75)
        let answer = caller.twilio.answer(SimulatedRequest(target: "/truth/summary"), at: epoch)
        let json = try JSONValue(answer.body)
        #expect(json["reads_per_record"]?["max"] == .integer(3))
        #expect(json["requests"] == .object(["200": .integer(3), "400": .integer(1)]))
        #expect(json["issued"] == .integer(20))
        #expect(json["final"] == .bool(true))
    }

    @Test func `records are emitted on demand where and when they are wanted`() throws {
        let caller = Caller()
        let environment = caller.account.services[0].environments[1].sid
        let answer = caller.post(
            "/control/emit?account=\(caller.account.sid)&count=3&dataset=serverless.logs&environment=\(environment)"
                + "&date=2026-11-20T12:00:00.250Z")
        let json = try JSONValue(answer.body)
        let sids = (json["sids"]?.array ?? []).compactMap(\.string)
        #expect(sids.count == 3)
        #expect(json["date"] == .string("2026-11-20T12:00:00.250Z"))
        #expect(Set(try caller.sids(caller.logs(1), key: "logs")) == Set(sids))
        #expect(try caller.sids(caller.logs(0), key: "logs") == [])
        #expect(try caller.json(caller.logs(1) + "/\(sids[0])")["date_created"] == json["date"])
    }

    @Test(arguments: [
        "storm", "storm?seconds=x", "late", "late?delay=0s", "late?account=AC1&delay=1s", "emit?count=0",
        "emit?count=1e9", "emit?date=never", "emit?dataset=x", "fault?name=x&rate=1", "fault?name=slow&rate=2",
        "skew?seconds=nan", "account?status=gone", "emit?count=nan", "emit?delay=1y",
    ])
    func `a control request with a mistake is told so`(_ target: String) throws {
        let answer = Caller().post("/control/" + target)
        #expect(answer.status == 400)
        let json = try JSONValue(answer.body)
        #expect(json["message"]?.string?.isEmpty == false)
    }
}
