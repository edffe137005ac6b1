import Simulating
import Testing

@Suite struct GarbageTests {
    @Test(arguments: [
        "", "/", "//", "v1/Events", "/v1", "/v2/Events", "/v1/Events/", "/v1/Events/AE", "/v1/Events/\u{0}/x",
        "/v1/Events/AE00000000000000000000000000000001", "/v1/Events/NOzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        "/v1/Services/ZS/Environments", "/v1/Services//Environments//Logs", "/v1/Services/x/y/z/a/b/c",
        "/v1/Services/service-1/Environments/ZE/Logs", "/v1/Services/service-1/Environments",
        "/v1/Services/service-1/Variables", "/v1/%zz", "/v1/Events?%", "/v1/Events?=&&=&PageSize",
        "/v1/Events?PageSize=",
        "/v1/Events?Page=9223372036854775807", "/v1/Events?Page=2147483647", "/v1/Events?StartDate=0000-01-01",
        "/v1/Events?StartDate=9999-12-31T23:59:59Z&EndDate=0001-01-01", "/v1/Events?ActorSid=%ff%fe",
        "/v1/Events?EventType=\"\\\u{1}", "/v1/Alerts", "http://elsewhere.invalid/v1/Events", "*", "/v1/Events#x?y",
    ])
    func `any path is answered, with JSON and a status of Twilio's`(_ target: String) throws {
        let caller = Caller { $0.history = 3 }
        let status = caller.answer(target).status
        #expect([200, 400, 404].contains(status))
        _ = try caller.json(target, status: status)
    }

    @Test func `random bytes as target, credentials and host never stop it`() {
        let caller = Caller { $0.history = 20 }
        var random = SystemRandomNumberGenerator()
        let pieces = ["/v1/Events", "?", "PageToken=PA", "&Page=1", "/", "%", "StartDate=", "/v1/Services", "\u{FFFD}"]
        for _ in 0..<2_000 {
            var target = ""
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                target += pieces.randomElement(using: &random) ?? ""
                target += String(UInt64.random(in: 0...(.max), using: &random), radix: 36)
            }
            let request = SimulatedRequest.get(
                target, user: caller.user, password: caller.password, host: target + "\"\\")
            #expect((200...499).contains(caller.twilio.answer(request, at: epoch).status), "\(target)")
        }
    }

    @Test func `methods other than GET are refused`() throws {
        let caller = Caller()
        var request = SimulatedRequest.get("/v1/Events", user: caller.user, password: caller.password)
        request.method = "DELETE"
        #expect(caller.twilio.answer(request, at: epoch).status == 405)
    }

    @Test func `options that make no sense are named`() {
        var options = SimulatorOptions()
        #expect(options.problems.isEmpty)
        options.accounts = 0
        options.history = -1
        options.late = .nan
        options.rate = -1
        options.faults = [.slow: 3]
        #expect(options.problems.count == 5)
    }
}
