import Simulating
import Testing

@Suite struct BoundsTests {
    @Test func `events are bounded inclusively at both ends in whole seconds`() throws {
        var caller = Caller()
        caller.now += 60_000
        let sids = [10, 11, 12].map { second in
            caller.twilio.emit(1, account: caller.account.sid, date: epoch + second * 1_000, at: caller.now)[0]
        }
        func found(_ start: String, _ end: String) throws -> [String] {
            try caller.sids("/v1/Events?StartDate=2026-11-21T00:00:\(start)&EndDate=2026-11-21T00:00:\(end)")
        }
        #expect(try found("10Z", "12Z") == sids.reversed())
        #expect(try found("11Z", "11Z") == [sids[1]])
        #expect(try found("10.900Z", "11.000Z") == [sids[1], sids[0]])
        #expect(try found("12Z", "10Z") == [])
    }

    @Test(arguments: [SimulatorOptions.LogBounds.exclusive, .inclusive])
    func `log bounds are as the setting says, to the millisecond`(_ bounds: SimulatorOptions.LogBounds) throws {
        var caller = Caller { $0.logBounds = bounds }
        caller.now += 60_000
        let sids = [500, 501, 502].map { millisecond in
            caller.twilio.emit(
                1, account: caller.account.sid, dataset: .logs, date: epoch + millisecond, at: caller.now)[0]
        }
        let range = "?StartDate=2026-11-21T00:00:00.500Z&EndDate=2026-11-21T00:00:00.502Z"
        let found = try caller.sids(caller.logs() + range, key: "logs")
        #expect(found == (bounds == .inclusive ? sids.reversed() : [sids[1]]))
    }

    @Test func `logs of whole seconds ignore fractions of bounds`() throws {
        var caller = Caller { $0.logPrecision = .seconds }
        caller.now += 60_000
        let sid = caller.twilio.emit(
            1, account: caller.account.sid, dataset: .logs, date: epoch + 5_700, at: caller.now)
        let record = try #require(try caller.all(caller.logs(), key: "logs").first)
        #expect(record["date_created"]?.string == "2026-11-21T00:00:05Z")
        let missed = "?StartDate=2026-11-21T00:00:05.000Z&EndDate=2026-11-21T00:00:09.000Z"
        #expect(try caller.sids(caller.logs() + missed, key: "logs") == [])
        let found = "?StartDate=2026-11-21T00:00:04.999Z&EndDate=2026-11-21T00:00:06.001Z"
        #expect(try caller.sids(caller.logs() + found, key: "logs") == sid)
    }

    @Test func `logs without StartDate are those of the last day`() throws {
        let caller = Caller()
        let account = caller.account.sid
        let day: Int64 = 86_400_000
        caller.twilio.emit(1, account: account, dataset: .logs, date: epoch - day - 1, at: epoch)
        let recent = caller.twilio.emit(1, account: account, dataset: .logs, date: epoch - day + 1, at: epoch)
        #expect(try caller.sids(caller.logs(), key: "logs") == recent)
        #expect(try caller.sids(caller.logs() + "?StartDate=2026-11-01", key: "logs").count == 2)
    }

    @Test func `what is older than the retention is not listed`() throws {
        let caller = Caller { $0.retention = .seconds(3_600) }
        caller.twilio.emit(1, account: caller.account.sid, date: epoch - 3_601_000, at: epoch)
        let kept = caller.twilio.emit(1, account: caller.account.sid, date: epoch - 3_599_000, at: epoch)
        #expect(try caller.sids("/v1/Events?StartDate=2026-11-01") == kept)
    }

    @Test(arguments: [
        "2026-11-21", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00.123456789Z", "2026-11-21T01:00:00%2B01:00",
        "2026-11-20T19:00:00-0500", "2026-11-21T00:00:00",
    ])
    func `dates are read in every form of RFC 3339`(_ date: String) throws {
        let caller = Caller()
        let sid = caller.twilio.emit(1, account: caller.account.sid, at: epoch)
        caller.twilio.emit(1, account: caller.account.sid, date: epoch - 1_000, at: epoch)
        #expect(try caller.sids("/v1/Events?StartDate=\(date)") == sid)
    }

    @Test(arguments: [
        "yesterday", "2026-13-01", "2026-02-29", "2026-11-21T25:00:00Z", "2026-11-21T00:00:00+01:00", "2026-11-21T",
        "2026-11-21T00:00:00.Z", "2026-11-21T00:00:00Zjunk", "20261121",
    ])
    func `a malformed date is refused`(_ date: String) throws {
        let error = try Caller().json("/v1/Events?EndDate=\(date)", status: 400)
        #expect(error["status"]?.integer == 400)
        #expect(try Caller().json(Caller().logs() + "?StartDate=\(date)", status: 400)["code"] == .integer(20001))
    }
}
