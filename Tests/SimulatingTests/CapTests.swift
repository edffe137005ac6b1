import Simulating
import Testing

@Suite struct CapTests {
    private func caller(_ form: SimulatorOptions.CapForm, logs: Int, cap: Int) -> Caller {
        Caller { options in
            options.history = logs
            options.environments = 1
            options.logsCap = cap
            options.eventsCap = cap
            options.capForm = form
        }
    }

    @Test func `past the cap a page is refused in mid-paging`() throws {
        let caller = caller(.refusal, logs: 45, cap: 40)
        var target = caller.logs() + "?StartDate=2026-11-01&PageSize=10"
        for _ in 0..<4 {
            let page = try caller.json(target)
            #expect(page["logs"]?.array?.count == 10)
            target = try caller.path(try #require(page["meta"]?["next_page_url"]?.string))
        }
        let error = try caller.json(target, status: 400)
        #expect(error["message"] == .string("Invalid page and pageSize combination"))
    }

    @Test func `a silent cap ends with a null next page and leaves out the oldest`() throws {
        let caller = caller(.silent, logs: 45, cap: 40)
        let found = try caller.sids(caller.logs() + "?StartDate=2026-11-01&PageSize=10", key: "logs")
        let truth = caller.twilio.truth(dataset: .logs, at: epoch).map(\.sid)
        #expect(found == truth.suffix(40).reversed())
        #expect(try caller.sids("/v1/Events?PageSize=7").count == 40)
    }

    @Test(arguments: [SimulatorOptions.CapForm.refusal, .silent])
    func `a query that just fits the cap is read whole`(_ form: SimulatorOptions.CapForm) throws {
        let caller = caller(form, logs: 40, cap: 40)
        #expect(try caller.sids(caller.logs() + "?StartDate=2026-11-01&PageSize=10", key: "logs").count == 40)
    }

    @Test func `logs are capped at 10,000 and events are not, unless told otherwise`() throws {
        let caller = Caller { options in
            options.history = 10_500
            options.environments = 1
            options.capForm = .silent
        }
        try caller.walk(caller.logs() + "?StartDate=2026-11-01&PageSize=1000")
        #expect(caller.twilio.summary(at: epoch).reads == 10_000)
        try caller.walk("/v1/Events?PageSize=1000")
        #expect(caller.twilio.summary(at: epoch).reads == 10_000 + 10_500)
    }
}
