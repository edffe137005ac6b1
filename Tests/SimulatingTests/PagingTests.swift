import Simulating
import Testing

@Suite struct PagingTests {
    @Test(arguments: [SimulatorOptions.Paging.offset, .cursor], [1, 7, 50, 1_000])
    func `paging to the end gives each record once, newest first`(
        _ paging: SimulatorOptions.Paging, _ size: Int
    ) throws {
        let caller = Caller { options in
            options.history = 130
            options.paging = paging
        }
        let events = try caller.all("/v1/Events?PageSize=\(size)", key: "events")
        let dates = events.compactMap { $0["event_date"]?.string }
        #expect(dates == dates.sorted(by: >))
        #expect(Set(dates).count < dates.count, "several events share a second")
        let truth = caller.twilio.truth(dataset: .events, at: epoch).map(\.sid)
        #expect(truth.count == 130)
        #expect(events.compactMap { $0["sid"]?.string } == truth.reversed())
    }

    @Test func `every SID is used once across accounts, datasets and environments`() {
        let caller = Caller { options in
            options.accounts = 3
            options.history = 400
            options.environments = 4
        }
        let truth = caller.twilio.truth(at: epoch)
        #expect(truth.count == 3 * 2 * 400)
        #expect(Set(truth.map { $0.sid.dropFirst(2) }).count == truth.count)
    }

    @Test func `meta is as recorded, and the page size of the first request is kept`() throws {
        let caller = Caller { $0.history = 5 }
        let first = try caller.json("/v1/Events?StartDate=2026-11-01T00%3A00%3A00Z&PageSize=2")
        let meta = try #require(first["meta"])
        let address = "http://simulator.test/v1/Events?StartDate=2026-11-01T00%3A00%3A00Z&PageSize=2&Page="
        #expect(meta["url"]?.string == address + "0")
        #expect(meta["first_page_url"]?.string == address + "0")
        #expect(meta["previous_page_url"] == .null)
        #expect(meta["page"] == .integer(0))
        #expect(meta["page_size"] == .integer(2))
        #expect(meta["key"] == .string("events"))
        let next = try #require(meta["next_page_url"]?.string)
        #expect(next.hasPrefix(address + "1&PageToken=PA"))

        let second = try caller.json(try caller.path(next).replacing("PageSize=2", with: "PageSize=1000"))
        #expect(second["events"]?.array?.count == 2)
        #expect(second["meta"]?["page"] == .integer(1))
        let back = try #require(second["meta"]?["previous_page_url"]?.string)
        #expect(try caller.json(try caller.path(back))["events"] == first["events"])
        #expect(try caller.sids("/v1/Events?StartDate=2026-11-01&PageSize=2").count == 5)
    }

    @Test func `pages are 50 long unless asked, and 1 to 1000`() throws {
        let caller = Caller { $0.history = 60 }
        #expect(try caller.json("/v1/Events")["events"]?.array?.count == 50)
        for size in ["0", "1001", "-1", "many", "99999999999999999999"] {
            _ = try caller.json("/v1/Events?PageSize=\(size)", status: 400)
        }
    }

    @Test func `a page number without a token is refused with 70002`() throws {
        let caller = Caller { $0.history = 60 }
        #expect(try caller.json("/v1/Events?Page=1", status: 400)["code"] == .integer(70002))
        #expect(try caller.json(caller.logs() + "?Page=3", status: 400)["code"] == .integer(70002))
        #expect(try caller.json("/v1/Services?Page=1", status: 400)["code"] == .integer(70002))
    }

    @Test func `a token that is invented, altered or taken to another query is refused with 21481`() throws {
        let caller = Caller { $0.history = 60 }
        let next = try #require(try caller.json("/v1/Events?PageSize=2")["meta"]?["next_page_url"]?.string)
        let good = try caller.path(next)
        #expect(caller.answer(good).status == 200)
        let bad = [
            "/v1/Events?Page=1&PageToken=", "/v1/Events?Page=1&PageToken=abc1234", String(good.dropLast()) + "g",
            good.replacing("PageToken=PA0", with: "PageToken=PA1"), good + "&EventType=user.created",
            good.replacing("/v1/Events", with: "/v1/Services"),
        ]
        for target in bad {
            #expect(try caller.json(target, status: 400)["code"] == .integer(21481), "\(target)")
        }
    }

    @Test func `new rows at the head shift the pages unless EndDate lies in the past`() throws {
        for (range, isStable) in [("", false), ("&EndDate=2026-11-20T23:59:59Z", true)] {
            var caller = Caller { $0.history = 10 }
            let first = try caller.json("/v1/Events?PageSize=4" + range)
            caller.now += 5_000
            caller.twilio.emit(1, account: caller.account.sid, at: caller.now)
            let next = try caller.path(try #require(first["meta"]?["next_page_url"]?.string))
            let second = try caller.json(next)["events"]?.array
            #expect((second?.first == first["events"]?.array?.last) == !isStable)
        }
    }

    @Test func `next pages can be made to name another host`() throws {
        let caller = Caller { options in
            options.history = 3
            options.nextPageOrigin = "http://127.0.0.2:1"
        }
        let next = try caller.json("/v1/Events?PageSize=1")["meta"]?["next_page_url"]?.string
        #expect(next?.hasPrefix("http://127.0.0.2:1/v1/Events?") == true)
    }

    @Test func `unordered logs come shuffled within a page and still each once`() throws {
        let caller = Caller { options in
            options.history = 40
            options.environments = 1
            options.unordered = true
        }
        let target = caller.logs() + "?StartDate=2026-11-01&PageSize=20"
        let found = try caller.all(target, key: "logs")
        let dates = found.compactMap { $0["date_created"]?.string }
        #expect(dates != dates.sorted(by: >))
        let truth = caller.twilio.truth(dataset: .logs, at: epoch)
        #expect(Set(found.compactMap { $0["sid"]?.string }) == Set(truth.map(\.sid)))
        #expect(found.count == 40)
    }
}
