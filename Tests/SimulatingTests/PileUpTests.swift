import Simulating
import Testing

@Suite struct PileUpTests {
    @Test func `thousands of records share a moment, by one function or spread`() throws {
        var caller = Caller { options in
            options.environments = 2
            options.logsCap = nil
            options.pileUps = [
                PileUp(dataset: .logs, at: epoch - 5_250, count: 3_000, function: .one(1)),
                PileUp(dataset: .logs, environment: 1, at: epoch + 5_250, count: 4_000),
                PileUp(dataset: .logs, environment: 1, at: epoch + 6_000, count: 10, function: .none),
                PileUp(dataset: .events, at: epoch + 5_250, count: 2_000),
                PileUp(dataset: .alerts, at: epoch + 5_250, count: 100),
            ]
        }
        let service = caller.account.services[0]
        let one = try caller.all(caller.logs() + "?PageSize=1000", key: "logs")
        #expect(one.count == 3_000)
        #expect(Set(one.map { $0["date_created"]?.string }) == ["2026-11-20T23:59:54.750Z"])
        #expect(Set(one.map { $0["function_sid"]?.string }) == [service.functions[1]])
        let filtered = caller.logs() + "?PageSize=1000&FunctionSid=\(service.functions[1])"
        #expect(try caller.sids(filtered, key: "logs").count == 3_000)
        #expect(!caller.twilio.summary(at: caller.now).isFinal)

        caller.now = epoch + 5_249
        #expect(caller.twilio.truth(dataset: .events, at: caller.now).isEmpty)
        caller.now = epoch + 6_000
        let spread = try caller.all(caller.logs(1) + "?PageSize=1000", key: "logs")
        #expect(spread.count == 4_010)
        #expect(spread.prefix(10).allSatisfy { $0["function_sid"] == .null })
        #expect(Set(spread.map { $0["function_sid"]?.string }).count == 4)
        #expect(Set(spread.compactMap { $0["sid"]?.string }).count == 4_010)
        let events = caller.twilio.truth(dataset: .events, at: caller.now)
        #expect(events.count == 2_000)
        #expect(Set(events.map(\.date)) == [epoch + 5_000])
        #expect(caller.twilio.truth(dataset: .alerts, at: caller.now).count == 100)
        #expect(caller.twilio.summary(at: caller.now).isFinal)
    }

    @Test func `many emitted late become readable together and in order`() throws {
        var caller = Caller { $0.history = 50 }
        let sids = caller.twilio.emit(
            20_000, account: caller.account.sid, date: epoch - 86_400_000, delay: .seconds(3), at: caller.now)
        #expect(caller.twilio.truth(dataset: .events, at: caller.now).count == 50)
        #expect(caller.twilio.summary(at: caller.now).pending == 20_000)
        caller.now += 3_000
        let truth = caller.twilio.truth(dataset: .events, at: caller.now).map(\.sid)
        #expect(truth.filter(Set(sids).contains) == sids)
    }
}
