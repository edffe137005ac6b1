import Foundation
import Simulating
import Testing

/// Answers against Twilio's own OpenAPI documents and against recorded ones.
@Suite(
    .enabled(
        if: SharedFiles.folder != nil,
        "Twilio's OpenAPI documents are not here: put them in ../shared or name the folder in TWILSHIP_SHARED"))
struct FidelityTests {
    private let caller = Caller { options in
        options.history = 900
        options.alerts = 300
        options.addSubaccounts(16)
        options.services = 2
        options.environments = 3
    }

    private func schema(_ document: JSONValue, _ path: String) throws -> JSONValue {
        let answer = document["paths"]?[path]?["get"]?["responses"]?["200"]?["content"]?["application/json"]
        return try #require(answer?["schema"], "\(path)")
    }

    @Test func `every answer fits Twilio's OpenAPI documents`() throws {
        let monitor = try SharedFiles.json("twilio-openapi/twilio_monitor_v1.json")
        let serverless = try SharedFiles.json("twilio-openapi/twilio_serverless_v1.json")
        let service = "/v1/Services/{ServiceSid}"
        let zs = caller.account.services[0].sid
        let ze = caller.account.services[0].environments[0].sid
        let truth = caller.twilio.truth(at: epoch)
        let event = try #require(truth.first { $0.dataset == .events }?.sid)
        let log = try #require(truth.first { $0.dataset == .logs }?.sid)
        let alert = try #require(truth.first { $0.dataset == .alerts }?.sid)
        let function = caller.account.services[0].functions[0]
        let subaccount = caller.twilio.accounts[1].sid
        let core = try SharedFiles.json("twilio-openapi/twilio_api_v2010.accounts-only.json")
        let list = "/2010-04-01/Accounts.json"
        let recent = "?StartDate=2026-11-01&PageSize=1000"
        let asked: [(JSONValue, String, String)] = [
            (monitor, "/v1/Events", "/v1/Events?PageSize=1000"), (monitor, "/v1/Events", "/v1/Events?PageSize=1"),
            (monitor, "/v1/Events", "/v1/Events?StartDate=2030-01-01"),
            (monitor, "/v1/Events/{Sid}", "/v1/Events/\(event)"),
            (monitor, "/v1/Alerts", "/v1/Alerts?PageSize=1000"), (monitor, "/v1/Alerts", "/v1/Alerts?PageSize=1"),
            (monitor, "/v1/Alerts", "/v1/Alerts?LogLevel=none"),
            (monitor, "/v1/Alerts/{Sid}", "/v1/Alerts/\(alert)"),
            (core, list, list), (core, list, list + "?PageSize=3"), (core, list, list + "?Status=closed"),
            (core, "/2010-04-01/Accounts/{Sid}.json", "/2010-04-01/Accounts/\(subaccount).json"),
            (serverless, "/v1/Services", "/v1/Services"), (serverless, "/v1/Services", "/v1/Services?PageSize=1"),
            (serverless, "/v1/Services/{Sid}", "/v1/Services/\(zs)"),
            (serverless, service + "/Environments", "/v1/Services/\(zs)/Environments"),
            (serverless, service + "/Environments/{Sid}", "/v1/Services/\(zs)/Environments/\(ze)"),
            (serverless, service + "/Environments", "/v1/Services/\(zs)/Environments?PageSize=1"),
            (serverless, service + "/Functions", "/v1/Services/\(zs)/Functions"),
            (serverless, service + "/Functions", "/v1/Services/\(zs)/Functions?PageSize=2"),
            (serverless, service + "/Functions/{Sid}", "/v1/Services/\(zs)/Functions/\(function)"),
            (serverless, service + "/Environments/{EnvironmentSid}/Logs", caller.logs() + recent),
            (serverless, service + "/Environments/{EnvironmentSid}/Logs", caller.logs(2) + recent),
            (serverless, service + "/Environments/{EnvironmentSid}/Logs/{Sid}", caller.logs() + "/\(log)"),
        ]
        for (document, path, target) in asked {
            let faults = SchemaValidator(document: document).faults(
                try caller.json(target), try schema(document, path))
            #expect(faults.isEmpty, "\(target): \(faults.prefix(5))")
        }
    }

    @Test func `the validator finds what does not fit`() throws {
        let monitor = try SharedFiles.json("twilio-openapi/twilio_monitor_v1.json")
        let schema = try schema(monitor, "/v1/Events/{Sid}")
        let sid = try #require(caller.twilio.truth(at: epoch).first?.sid)
        let good = try caller.json("/v1/Events/\(sid)")
        guard case .object(let members) = good else {
            Issue.record("an event is no object")
            return
        }
        for (name, value) in [
            ("sid", JSONValue.string("AE1")), ("extra", .null), ("event_date", .string("today")), ("url", .integer(1)),
            ("links", .array([])), ("account_sid", .string("ac00000000000000000000000000000001")),
        ] {
            var spoilt = members
            spoilt[name] = value
            #expect(SchemaValidator(document: monitor).faults(.object(spoilt), schema).isEmpty == false, "\(name)")
        }
    }

    @Test func `records, pages and errors have the keys of recorded ones`() throws {
        let samples = try SharedFiles.jsonLines("twilio-samples/samples.jsonl")
        let events = try caller.json("/v1/Events?PageSize=1000")
        let logs = try caller.json(caller.logs() + "?StartDate=2026-11-01&PageSize=1000")
        let alerts = try caller.json("/v1/Alerts?PageSize=1000")
        let accounts = try caller.json("/2010-04-01/Accounts.json")
        var compared = 0
        for sample in samples {
            let body = try #require(sample["body"])
            let ours: [JSONValue]
            switch sample["kind"]?.string {
            case "alert" where sample["name"]?.string != "alert-geo-permission": ours = alerts["alerts"]?.array ?? []
            case "accounts-list-response": ours = [accounts]
            case "event": ours = events["events"]?.array ?? []
            case "log": ours = logs["logs"]?.array ?? []
            case "events-list-response":
                ours = [events]
                #expect(events["meta"]?.keys == body["meta"]?.keys)
            case "logs-list-response":
                ours = [logs]
                #expect(logs["meta"]?.keys == body["meta"]?.keys)
            default: continue
            }
            compared += 1
            #expect(!ours.isEmpty && ours.allSatisfy { $0.keys == body.keys }, "\(sample["name"]?.string ?? "")")
        }
        #expect(compared > 10)
    }

    @Test(arguments: [
        ("error-400-two-filters", "/v1/Events?ActorSid=a&ResourceSid=b"),
        ("error-400-page-without-token", "/v1/Events?Page=1"),
        ("error-400-invalid-page-token", "/v1/Events?PageToken=x"),
    ])
    func `an error is the recorded one`(_ name: String, _ target: String) throws {
        let samples = try SharedFiles.jsonLines("twilio-samples/samples.jsonl")
        let sample = try #require(samples.first { $0["name"]?.string == name })
        let status = try #require(sample["body"]?["http_status"]?.integer)
        #expect(try caller.json(target, status: status) == sample["body"]?["body"])
    }

    @Test func `events are of many kinds and about 0.8 KB long`() throws {
        let body = caller.answer("/v1/Events?PageSize=900").body
        #expect((600...900).contains(body.count / 900))
        let events = try caller.all("/v1/Events?PageSize=900", key: "events")
        #expect(Set(events.map { $0["event_type"] }).count > 40)
        #expect(Set(events.map { $0["source"]?.string }) == ["web", "api", "twilio"])
        #expect(events.contains { $0["event_data"] == .null })
        #expect(
            events.contains {
                $0["event_data"]?["resource_properties"] == nil && $0["event_data"]?.keys.isEmpty == false
            })
    }
}
