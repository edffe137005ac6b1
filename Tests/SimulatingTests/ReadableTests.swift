import Simulating
import Testing

@Suite struct ReadableTests {
    @Test func `what is readable now is what lists give, by account, dataset, service and environment`() throws {
        var caller = Caller { options in
            options.history = 400
            options.alerts = 100
            options.services = 2
            options.late = 0.2
            options.rate = 5
            options.retention = .seconds(2 * 86_400)
            options.historySpan = .seconds(4 * 86_400)
        }
        caller.now += 30_000
        let now = caller.now
        let events = caller.twilio.readable(dataset: .events, at: now).map(\.sid)
        #expect(try caller.sids("/v1/Events?PageSize=100") == events.reversed())
        #expect(events.count < caller.twilio.truth(dataset: .events, at: now).count)
        let alerts = caller.twilio.readable(dataset: .alerts, at: now).map(\.sid)
        #expect(try caller.sids("/v1/Alerts?PageSize=100", key: "alerts") == alerts.reversed())
        var logs = 0
        for service in caller.account.services {
            for environment in service.environments {
                let target = "/v1/Services/\(service.sid)/Environments/\(environment.sid)/Logs?StartDate=2026-11-01"
                let readable = caller.twilio.readable(service: service.sid, environment: environment.sid, at: now)
                #expect(try caller.sids(target, key: "logs") == readable.map(\.sid).reversed())
                #expect(readable.allSatisfy { $0.service == service.sid && $0.environment == environment.sid })
                logs += readable.count
            }
        }
        #expect(caller.twilio.readable(dataset: .logs, at: now).count == logs)
        #expect(caller.twilio.readable(service: caller.account.services[0].sid, at: now).count < logs)
        #expect(caller.twilio.readable(account: "AC1", at: now).isEmpty)
    }

    @Test func `the truth endpoint takes the same questions`() throws {
        let caller = Caller { options in
            options.history = 40
            options.retention = .seconds(2 * 86_400)
        }
        let environment = caller.account.services[0].environments[1].sid
        func lines(_ query: String) -> [String] {
            let answer = caller.twilio.answer(SimulatedRequest(target: "/truth?" + query), at: epoch)
            return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        #expect(lines("dataset=serverless.logs&environment=\(environment)").count == 20)
        #expect(lines("environment=\(environment)").allSatisfy { $0.hasSuffix(" \(environment)") })
        let readable = caller.twilio.readable(dataset: .events, at: epoch)
        #expect(!readable.isEmpty)
        #expect(lines("dataset=monitor.events&readable=now").count == readable.count)
        #expect(lines("dataset=monitor.events").first?.hasSuffix(" - -") == true)
        let wrong = caller.twilio.answer(SimulatedRequest(target: "/truth?dataset=x"), at: epoch)
        #expect(wrong.status == 400)
    }
}
