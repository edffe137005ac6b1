import Simulating
import Testing

@Suite struct AccessTests {
    @Test func `an account is opened by its token or its key and by nothing else`() throws {
        var caller = Caller { $0.accounts = 2 }
        let other = caller.twilio.accounts[1]
        caller.user = caller.account.keySID
        caller.password = caller.account.keySecret
        #expect(caller.answer("/v1/Events").status == 200)
        #expect(caller.answer(caller.logs()).status == 200)

        for (user, password) in [
            (caller.account.sid, other.authToken), (caller.account.sid, ""), ("", ""), (other.keySID, other.authToken),
            (caller.account.sid, caller.account.keySecret), ("nobody", "secret"),
        ] {
            caller.user = user
            caller.password = password
            let error = try caller.json("/v1/Events", status: 401)
            #expect(error["code"] == .integer(20003))
            #expect(error["status"] == .integer(401))
        }
    }

    @Test(arguments: [[:], ["Authorization": "Basic"], ["Authorization": "Basic !!!"], ["Authorization": "Bearer x"]])
    func `missing or unreadable credentials are refused`(_ headers: [String: String]) {
        let answer = Caller().twilio.answer(SimulatedRequest(target: "/v1/Events", headers: headers), at: epoch)
        #expect(answer.status == 401)
        #expect(answer.header("WWW-Authenticate") != nil)
    }

    @Test func `an account sees neither another's logs nor another's records`() throws {
        var caller = Caller { options in
            options.accounts = 2
            options.history = 5
        }
        let target = caller.logs()
        let event = try #require(caller.twilio.truth(account: caller.account.sid, at: epoch).first?.sid)
        #expect(caller.answer("/v1/Events/\(event)").status == 200)
        caller.user = caller.twilio.accounts[1].sid
        caller.password = caller.twilio.accounts[1].authToken
        #expect(try caller.json(target, status: 404)["code"] == .integer(20404))
        #expect(caller.answer("/v1/Events/\(event)").status == 404)
    }

    @Test func `a restricted key reads Monitor and is refused by Serverless`() throws {
        var caller = Caller()
        caller.user = caller.account.restrictedKeySID
        caller.password = caller.account.restrictedKeySecret
        #expect(caller.answer("/v1/Events").status == 200)
        #expect(try caller.json("/v1/Services", status: 401)["code"] == .integer(70051))
    }

    @Test func `an account can be suspended, revoked and restored`() throws {
        let caller = Caller()
        let control = "/control/account?account=\(caller.account.sid)&status="
        #expect(caller.post(control + "suspended").status == 200)
        #expect(try caller.json("/v1/Events", status: 403)["code"] == .integer(20403))
        #expect(caller.post(control + "revoked").status == 200)
        #expect(try caller.json("/v1/Events", status: 401)["code"] == .integer(20003))
        #expect(caller.post(control + "active").status == 200)
        #expect(caller.answer("/v1/Events").status == 200)
    }

    @Test func `the rate limit allows so many requests in any second and says 429 to the rest`() throws {
        var caller = Caller { options in
            options.requestsPerSecond = 3
            options.retryAfter = .seconds(2)
        }
        for wait in [0, 200, 200] {
            caller.now += Int64(wait)
            #expect(caller.answer("/v1/Events").status == 200)
        }
        caller.now += 599
        let refused = caller.answer("/v1/Events")
        #expect(refused.status == 429)
        #expect(refused.header("Retry-After") == "2")
        #expect(caller.answer("/v1/Services").status == 200, "the other API has its own limit")
        caller.now += 1
        #expect(caller.answer("/v1/Events").status == 200)
        #expect(caller.answer("/v1/Events").status == 429)
        #expect(caller.twilio.summary(at: caller.now).tooManyRequests == 2)
    }

    @Test func `the rate limit can be counted by environment`() {
        let caller = Caller { options in
            options.requestsPerSecond = 1
            options.rateScope = .environment
        }
        #expect(caller.answer(caller.logs(0)).status == 200)
        #expect(caller.answer(caller.logs(1)).status == 200)
        #expect(caller.answer(caller.logs(0)).status == 429)
    }

    @Test func `a storm refuses everything for its time`() {
        var caller = Caller()
        #expect(caller.post("/control/storm?seconds=5").status == 200)
        #expect(caller.answer("/v1/Events").status == 429)
        caller.now += 4_999
        #expect(caller.answer("/v1/Services").status == 429)
        caller.now += 1
        #expect(caller.answer("/v1/Services").status == 200)
    }
}
