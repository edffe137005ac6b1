import Simulating
import Testing

@Suite struct PlaceTests {
    private func layout() -> [ServicePlan] {
        [
            ServicePlan(
                uniqueName: "shop", friendlyName: "Shöp / \"1\"", life: Life(until: epoch + 30_000),
                environments: [
                    EnvironmentPlan(uniqueName: "a", domainSuffix: "dev"),
                    EnvironmentPlan(
                        uniqueName: "b", domainSuffix: "dev", life: Life(from: epoch + 5_000, until: epoch + 15_000)),
                    EnvironmentPlan(uniqueName: "c", deployedAt: epoch + 10_000),
                    EnvironmentPlan(uniqueName: "d", deployedAt: nil),
                ],
                functions: [
                    FunctionPlan(friendlyName: "hello"),
                    FunctionPlan(friendlyName: "hello", life: Life(from: epoch + 5_000)),
                ])
        ]
    }

    @Test func `services, environments and functions come and go at their times`() throws {
        var caller = Caller { options in
            options.layouts[0] = self.layout()
            options.rate = 9
        }
        let service = caller.account.services[0]
        let path = "/v1/Services/\(service.sid)"
        func names() throws -> [String] {
            try caller.all(path + "/Environments?PageSize=1", key: "environments").compactMap {
                $0["unique_name"]?.string
            }
        }
        #expect(try names() == ["a", "c", "d"])
        #expect(try caller.all(path + "/Functions", key: "functions").count == 1)
        #expect(try caller.json(caller.logs(1), status: 404)["code"] == .integer(20404))
        caller.now = epoch + 5_000
        #expect(try names() == ["a", "b", "c", "d"])
        #expect(try caller.all(path + "/Functions", key: "functions").count == 2)
        caller.now = epoch + 14_999
        #expect(try !caller.sids(caller.logs(1), key: "logs").isEmpty)
        let before = caller.twilio.readable(environment: service.environments[1].sid, at: caller.now)
        caller.now = epoch + 15_000
        #expect(try names() == ["a", "c", "d"])
        #expect(caller.answer(caller.logs(1)).status == 404)
        #expect(caller.twilio.readable(environment: service.environments[1].sid, at: caller.now).isEmpty)
        #expect(caller.twilio.truth(environment: service.environments[1].sid, at: caller.now).count >= before.count)
        caller.now = epoch + 30_000
        #expect(try caller.all("/v1/Services", key: "services").isEmpty)
        #expect(caller.answer(path).status == 404)
        #expect(caller.answer(caller.logs(0)).status == 404)
        #expect(caller.twilio.readable(service: service.sid, at: caller.now).isEmpty)
        let logs = caller.twilio.truth(dataset: .logs, service: service.sid, at: caller.now)
        #expect(logs.count > 100)
        #expect(
            logs.filter { $0.environment == service.environments[1].sid }
                .allSatisfy { $0.date >= epoch + 5_000 && $0.date < epoch + 15_000 })
    }

    @Test func `a build comes later or never, and suffixes repeat`() throws {
        var caller = Caller { $0.layouts[0] = self.layout() }
        let path = "/v1/Services/\(caller.account.services[0].sid)/Environments"
        func builds() throws -> [Bool] {
            try caller.all(path, key: "environments").map { $0["build_sid"] != .null }
        }
        #expect(try builds() == [true, false, false])
        caller.now = epoch + 10_000
        #expect(try builds() == [true, true, true, false])
        #expect(
            try caller.all(path, key: "environments").prefix(2).allSatisfy { $0["domain_suffix"] == .string("dev") })
        #expect(try caller.json("/v1/Services/shop")["friendly_name"] == .string("Shöp / \"1\""))
        #expect(try caller.sids(caller.logs(3), key: "logs") == [])
    }

    @Test func `a place can be taken away and given back while it runs`() throws {
        let caller = Caller { $0.history = 10 }
        let environment = caller.account.services[0].environments[0].sid
        #expect(caller.post("/control/life?sid=\(environment)&until=now").status == 200)
        #expect(caller.answer(caller.logs()).status == 404)
        #expect(caller.post("/control/life?sid=\(environment)").status == 200)
        #expect(try caller.sids(caller.logs() + "?StartDate=2026-11-01", key: "logs").count == 5)
        #expect(caller.post("/control/life?sid=ZE1").status == 400)
    }

    @Test func `hundreds of environments are listed in pages and read one by one`() throws {
        var caller = Caller { options in
            options.environments = 600
            options.history = 1_000
            options.rate = 10
        }
        let path = "/v1/Services/\(caller.account.services[0].sid)/Environments?PageSize=100"
        let all = try caller.all(path, key: "environments")
        #expect(all.count == 600)
        let built = all.indices.filter { all[$0]["build_sid"] != .null }
        #expect(built.count == 400)
        var found = 0
        for index in built {
            caller.now += 10
            found += try caller.sids(caller.logs(index) + "?StartDate=2026-11-01", key: "logs").count
        }
        #expect(found >= 1_000)
    }
}
