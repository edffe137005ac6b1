import Foundation
import Simulating
import Testing

@Suite struct FaultTests {
    private func answer(_ fault: SimulatedFault) -> SimulatedResponse {
        let caller = Caller { options in
            options.history = 30
            options.faults = [fault: 1]
        }
        return caller.answer("/v1/Events?PageSize=10")
    }

    @Test(arguments: [
        (SimulatedFault.unauthorized, 401), (.serverError, 500), (.unavailable, 503), (.tooMany, 429),
        (.redirect, 307),
    ])
    func `a fault can take the answer's place`(_ fault: SimulatedFault, _ status: Int) {
        let answer = answer(fault)
        #expect(answer.status == status)
        #expect((answer.header("Content-Type") == "text/html") == (fault == .unavailable))
        #expect(
            answer.header("Location")?.hasPrefix("http://elsewhere.invalid/v1/Events")
                == (fault == .redirect ? true : nil))
    }

    @Test func `a fault can spoil the answer`() throws {
        #expect(answer(.truncated).delivery == .truncated(after: answer(.truncated).body.count / 2))
        #expect(answer(.slow).delivery == .slow(.seconds(5)))
        #expect(answer(.reset).delivery == .reset)
        #expect(answer(.contentType).header("Content-Type") == "text/html; charset=utf-8")
        let malformed = answer(.malformedJSON).body
        #expect(throws: (any Error).self) { try JSONValue(malformed) }
        #expect(String(validating: answer(.invalidUTF8).body, as: UTF8.self) == nil)
        #expect(String(validating: answer(.slow).body, as: UTF8.self) != nil)
    }

    @Test func `an empty page hides what is there, and a next page can be elsewhere`() throws {
        let empty = try JSONValue(answer(.emptyPage).body)
        #expect(empty["events"] == .array([]))
        #expect(empty["meta"]?["next_page_url"] == .null)
        let elsewhere = try JSONValue(answer(.nextElsewhere).body)
        #expect(elsewhere["events"]?.array?.count == 10)
        #expect(elsewhere["meta"]?["next_page_url"]?.string?.hasPrefix("http://elsewhere.invalid/") == true)
    }

    @Test func `faults come as often as their rate says, the same for the same seed`() {
        func statuses(_ seed: UInt64) -> [Int] {
            let caller = Caller { options in
                options.faults = [.serverError: 0.2, .unauthorized: 0.1]
                options.faultSeed = seed
            }
            return (0..<1_000).map { _ in caller.answer("/v1/Events").status }
        }
        let once = statuses(3)
        #expect((140...240).contains(once.count { $0 == 500 }))
        #expect((60...140).contains(once.count { $0 == 401 }))
        #expect(statuses(3) == once)
        #expect(statuses(4) != once)
    }

    @Test func `faults are switched on and off while it runs`() {
        let caller = Caller()
        #expect(caller.post("/control/fault?name=server-error&rate=1").status == 200)
        #expect(caller.answer("/v1/Events").status == 500)
        #expect(caller.post("/control/fault?name=server-error&rate=0").status == 200)
        #expect(caller.answer("/v1/Events").status == 200)
        #expect(caller.twilio.summary(at: epoch).faults == [.serverError: 1])
    }
}
