import Simulating
import Testing

@Suite struct TimeTests {
    @Test func `a late record cannot be read before its time and can afterwards`() throws {
        var caller = Caller()
        let answer = caller.post("/control/late?account=\(caller.account.sid)&delay=8s")
        #expect(answer.status == 200)
        let sid = try #require(String(decoding: answer.body, as: UTF8.self).split(separator: "\"").dropFirst(3).first)
        caller.now += 7_999
        #expect(try caller.sids("/v1/Events") == [])
        #expect(caller.answer("/v1/Events/\(sid)").status == 404)
        #expect(caller.twilio.truth(at: caller.now).isEmpty)
        #expect(!caller.twilio.summary(at: caller.now).isFinal)
        caller.now += 1
        #expect(try caller.sids("/v1/Events") == [String(sid)])
        #expect(try caller.json("/v1/Events/\(sid)")["event_date"] == .string("2026-11-21T00:00:00Z"))
        let truth = try #require(caller.twilio.truth(at: caller.now).first)
        #expect(truth.date == epoch)
        #expect(truth.readableAt == epoch + 8_000)
        #expect(caller.twilio.summary(at: caller.now).isFinal)
    }

    @Test func `live records come at their rate, some of them late, and end when told`() throws {
        var caller = Caller { options in
            options.rate = 10
            options.rateFor = .seconds(100)
            options.late = 0.3
            options.lateMax = .seconds(20)
        }
        var last = 0
        for _ in 0..<8 {
            caller.now += 12_500
            let found = try caller.sids("/v1/Events?PageSize=1000").count
            #expect(found >= last)
            last = found
            #expect(caller.twilio.truth(at: caller.now).allSatisfy { $0.readableAt <= caller.now })
        }
        caller.now += 20_001
        let summary = caller.twilio.summary(at: caller.now)
        #expect(summary.isFinal)
        #expect(summary.pending == 0)
        #expect((980...1_000).contains(summary.datasets[0].issued))
        #expect((200...400).contains(summary.datasets[0].late))
        let truth = caller.twilio.truth(dataset: .events, at: caller.now)
        #expect(truth.allSatisfy { $0.date % 1_000 == 0 && $0.readableAt >= $0.date })
        #expect(truth.contains { $0.readableAt > $0.date + 5_000 })
        #expect(try caller.sids("/v1/Events?PageSize=100") == truth.map(\.sid).reversed())
    }

    @Test func `live records can be stopped`() {
        var caller = Caller { $0.rate = 5 }
        caller.now += 10_000
        let before = caller.twilio.summary(at: caller.now).issued
        #expect(before > 0)
        #expect(caller.post("/control/stop-live").status == 200)
        caller.now += 60_000
        let summary = caller.twilio.summary(at: caller.now)
        #expect(summary.issued == before)
        #expect(summary.isFinal)
    }

    @Test func `the same seed and start give the same data, another seed other data`() throws {
        func pages(_ seed: UInt64) throws -> [JSONValue] {
            var caller = Caller { options in
                options.seed = seed
                options.history = 200
                options.rate = 3
                options.late = 0.5
            }
            caller.now += 30_000
            return try caller.all("/v1/Events?PageSize=1000", key: "events")
                + caller.all(caller.logs() + "?StartDate=2026-11-01&PageSize=1000", key: "logs")
        }
        let once = try pages(7)
        #expect(once.count > 300)
        #expect(try pages(7) == once)
        #expect(Set(try pages(8).map { $0["sid"] }).isDisjoint(with: once.map { $0["sid"] }))
    }

    @Test func `emitted records do not change what the seed gives`() throws {
        func live(emitting: Bool) -> Set<String> {
            var caller = Caller { $0.rate = 4 }
            var extra: Set<String> = []
            for _ in 0..<20 {
                caller.now += 500
                if emitting { extra.formUnion(caller.twilio.emit(2, account: caller.account.sid, at: caller.now)) }
            }
            return Set(caller.twilio.truth(dataset: .events, at: caller.now).map(\.sid)).subtracting(extra)
        }
        #expect(live(emitting: true) == live(emitting: false))
    }

    @Test func `the Date header is the server's clock with its skew`() {
        let caller = Caller { $0.clockSkew = .seconds(-90) }
        #expect(caller.answer("/v1/Events").header("Date") == "Fri, 20 Nov 2026 23:58:30 GMT")
        #expect(caller.post("/control/skew?seconds=1.5").status == 200)
        #expect(caller.answer("/v1/Events").header("date") == "Sat, 21 Nov 2026 00:00:01 GMT")
    }
}
