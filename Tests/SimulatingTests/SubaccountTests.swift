import Simulating
import Testing

@Suite struct SubaccountTests {
    private func accounts(_ caller: Caller, _ target: String = "/2010-04-01/Accounts.json") throws -> [JSONValue] {
        var found: [JSONValue] = []
        var next: String? = target
        while let target = next {
            let page = try caller.json(target)
            found += try #require(page["accounts"]?.array)
            next = page["next_page_uri"]?.string
            if let next { #expect(next.hasPrefix("/2010-04-01/Accounts.json?")) }
        }
        return found
    }

    @Test func `the parent's token and Main key list all accounts, page by page, with their tokens`() throws {
        var caller = Caller { options in
            options.accounts = 2
            options.addSubaccounts(120)
        }
        let ours = [caller.twilio.accounts[0]] + caller.twilio.accounts.dropFirst(2)
        let page = try caller.json("/2010-04-01/Accounts.json")
        #expect(page["page_size"] == .integer(50))
        #expect(page["start"] == .integer(0))
        #expect(page["end"] == .integer(49))
        for user in [
            (caller.account.sid, caller.account.authToken), (caller.account.mainKeySID, caller.account.mainKeySecret),
        ] {
            (caller.user, caller.password) = user
            let found = try accounts(caller, "/2010-04-01/Accounts.json?PageSize=50")
            #expect(found.compactMap { $0["sid"]?.string } == ours.map(\.sid))
            #expect(found.compactMap { $0["auth_token"]?.string } == ours.map(\.authToken))
            #expect(found.compactMap { $0["friendly_name"]?.string } == ours.map(\.friendlyName))
            #expect(found.allSatisfy { $0["owner_account_sid"]?.string == caller.account.sid })
            #expect(found.first?["date_created"]?.string == "Sat, 10 Nov 2018 20:00:00 +0000")
        }
        #expect(try accounts(caller, "/2010-04-01/Accounts.json?FriendlyName=Submarine").count == 16)
        #expect(caller.answer("/2010-04-01/Accounts.json?PageSize=1001").status == 400)
    }

    @Test(arguments: [70051, 20003])
    func `other credentials may not list accounts`(_ code: Int) throws {
        var caller = Caller { options in
            options.addSubaccounts(1)
            options.accountsRefusal = code
        }
        let (parent, sub) = (caller.account, caller.twilio.accounts[1])
        for user in [
            (parent.keySID, parent.keySecret), (parent.restrictedKeySID, parent.restrictedKeySecret),
            (sub.sid, sub.authToken), (sub.mainKeySID, sub.mainKeySecret),
        ] {
            (caller.user, caller.password) = user
            #expect(try caller.json("/2010-04-01/Accounts.json", status: 401)["code"] == .integer(code))
        }
    }

    @Test func `a subaccount's data opens to its own credentials only`() throws {
        var caller = Caller { options in
            options.history = 10
            options.addSubaccounts(1)
        }
        let sub = caller.twilio.accounts[1]
        #expect(sub.isSubaccount)
        let event = try #require(caller.twilio.truth(account: sub.sid, dataset: .events, at: epoch).first?.sid)
        let services = "/v1/Services/\(sub.services[0].sid)/Environments"
        #expect(caller.answer("/v1/Events/\(event)").status == 404)
        #expect(caller.answer(services).status == 404)
        caller.user = sub.sid
        #expect(caller.answer("/v1/Events").status == 401, "the parent's token is not the subaccount's")
        caller.password = sub.authToken
        #expect(caller.answer("/v1/Events/\(event)").status == 200)
        #expect(caller.answer(services).status == 200)
        #expect(try caller.sids("/v1/Events").count == 10)
    }

    @Test func `subaccounts appear, are suspended and closed at their times`() throws {
        var caller = Caller { options in
            options.rate = 1
            options.subaccounts = [
                SubaccountPlan(
                    friendlyName: "late", from: epoch + 10_000,
                    changes: [(epoch + 20_000, .suspended), (epoch + 30_000, .active), (epoch + 40_000, .closed)])
            ]
        }
        let sub = caller.twilio.accounts[1]
        var own = caller
        (own.user, own.password) = (sub.sid, sub.authToken)
        for (time, listed, status) in [
            (9_999, nil, 401), (10_000, "active", 200), (20_000, "suspended", 403), (30_000, "active", 200),
            (40_000, "closed", 403),
        ] as [(Int64, String?, Int)] {
            caller.now = epoch + time
            own.now = caller.now
            #expect(try accounts(caller).dropFirst().first?["status"]?.string == listed)
            #expect(own.answer("/v1/Events").status == status)
        }
        let truth = caller.twilio.truth(account: sub.sid, at: caller.now)
        #expect(!truth.isEmpty && truth.allSatisfy { $0.date >= epoch + 10_000 })
        let found = try accounts(caller, "/2010-04-01/Accounts.json?Status=closed")
        #expect(found.map { $0["sid"]?.string } == [sub.sid])
        #expect(try caller.json("/2010-04-01/Accounts/\(sub.sid).json")["status"] == .string("closed"))
        caller.twilio.setStatus(account: sub.sid, .revoked)
        #expect(own.answer("/v1/Events").status == 401)
    }

    @Test func `a suspended account can also be answered as if its credential were wrong`() throws {
        let caller = Caller { $0.suspendedStatus = 401 }
        caller.twilio.setStatus(account: caller.account.sid, .suspended)
        #expect(try caller.json("/v1/Events", status: 401)["code"] == .integer(20003))
    }
}
