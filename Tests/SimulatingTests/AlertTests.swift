import Simulating
import Testing

@Suite struct AlertTests {
    @Test func `alerts have a rate of their own and are paged newest first`() throws {
        var caller = Caller { options in
            options.history = 5
            options.alerts = 120
            options.alertRate = 2
        }
        caller.now += 10_000
        let truth = caller.twilio.truth(dataset: .alerts, at: caller.now)
        #expect((136...140).contains(truth.count))
        #expect(try caller.sids("/v1/Alerts?PageSize=33", key: "alerts") == truth.map(\.sid).reversed())
        #expect(caller.twilio.truth(dataset: .events, at: caller.now).count == 5)
        #expect(try caller.json("/v1/Alerts")["meta"]?["key"] == .string("alerts"))
    }

    @Test func `without a rate there are no alerts`() throws {
        #expect(try Caller { $0.history = 20 }.sids("/v1/Alerts", key: "alerts") == [])
    }

    @Test func `LogLevel gives the alerts of that level and no others`() throws {
        let caller = Caller { $0.alerts = 200 }
        let all = try caller.all("/v1/Alerts?PageSize=1000", key: "alerts")
        #expect(Set(all.map { $0["log_level"]?.string }) == ["error", "warning", "notice", "debug"])
        for level in ["error", "warning", "notice", "debug"] {
            let expected = all.filter { $0["log_level"]?.string == level }
            #expect(try caller.all("/v1/Alerts?LogLevel=\(level)&PageSize=7", key: "alerts") == expected)
        }
    }

    @Test(arguments: [
        (SimulatorOptions.AlertDates.seconds, "2026-11-21T00:00:01Z", "2026-11-21T00:00:03Z"),
        (.milliseconds, "2026-11-21T00:00:01.250Z", "2026-11-21T00:00:03.250Z"),
        (.rfc2822, "Sat, 21 Nov 2026 00:00:01 +0000", "Sat, 21 Nov 2026 00:00:03 +0000"),
    ])
    func `dates are written as the setting says, the creation later than the cause`(
        _ form: SimulatorOptions.AlertDates, _ generated: String, _ created: String
    ) throws {
        var caller = Caller { options in
            options.alertDates = form
            options.alertCreatedDelay = .seconds(2)
        }
        caller.now += 60_000
        caller.twilio.emit(1, account: caller.account.sid, dataset: .alerts, date: epoch + 1_250, at: caller.now)
        let alert = try #require(try caller.all("/v1/Alerts", key: "alerts").first)
        #expect(alert["date_generated"]?.string == generated)
        #expect(alert["date_created"]?.string == created)
    }

    @Test func `one alert by its SID has more fields than in the list`() throws {
        let caller = Caller { $0.alerts = 3 }
        let listed = try #require(try caller.all("/v1/Alerts", key: "alerts").first)
        let single = try caller.json("/v1/Alerts/\(try #require(listed["sid"]?.string))")
        #expect(single["alert_text"] == listed["alert_text"])
        #expect(
            single.keys.subtracting(listed.keys)
                == ["request_variables", "request_headers", "response_headers", "response_body"])
        #expect(caller.answer("/v1/Alerts/NO00000000000000000000000000000001").status == 404)
    }

    @Test func `past 10,000 alerts the next page is refused`() throws {
        let caller = Caller { $0.alerts = 10_500 }
        var target = "/v1/Alerts?PageSize=1000"
        for _ in 0..<10 {
            let page = String(decoding: caller.answer(target).body.prefix(2_000), as: UTF8.self)
            let begin = try #require(page.firstRange(of: "\"next_page_url\": \"")).upperBound
            target = try caller.path(String(page[begin...].prefix { $0 != "\"" }))
        }
        let error = try caller.json(target, status: 400)
        #expect(error["message"] == .string("Invalid page and pageSize combination"))
        #expect(caller.twilio.summary(at: epoch).reads == 10_000)
    }
}
