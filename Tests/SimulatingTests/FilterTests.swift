import Simulating
import Testing

@Suite struct FilterTests {
    private let caller = Caller { options in
        options.history = 500
        options.functions = 2
    }

    @Test(arguments: [
        ("EventType", "event_type"), ("ActorSid", "actor_sid"), ("ResourceSid", "resource_sid"),
        ("SourceIpAddress", "source_ip_address"),
    ])
    func `an event filter gives what carries the value and nothing else`(_ filter: String, _ field: String) throws {
        let all = try caller.all("/v1/Events?PageSize=1000", key: "events")
        let values = Set(all.compactMap { $0[field]?.string })
        #expect(values.count > 3)
        for value in values.sorted().prefix(5) {
            let expected = all.filter { $0[field]?.string == value }
            #expect(try caller.all("/v1/Events?\(filter)=\(value)&PageSize=3", key: "events") == expected)
        }
    }

    @Test func `two event filters together are refused as by Twilio`() throws {
        let error = try caller.json("/v1/Events?EventType=a&SourceIpAddress=192.0.2.1", status: 400)
        #expect(error["code"] == .integer(400))
        #expect(error["message"]?.string?.hasPrefix("Invalid combination of AuditEvent filters") == true)
    }

    @Test func `logs are filtered by function, and some have none`() throws {
        let range = "?StartDate=2026-11-01&PageSize=1000"
        let all = try caller.all(caller.logs() + range, key: "logs")
        #expect(all.contains { $0["function_sid"] == .null })
        for function in caller.account.services[0].functions {
            let expected = all.filter { $0["function_sid"]?.string == function }
            #expect(!expected.isEmpty)
            #expect(try caller.all(caller.logs() + range + "&FunctionSid=\(function)", key: "logs") == expected)
        }
    }
}
