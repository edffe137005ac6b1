import Foundation
import Simulating
import Testing

/// 2026-11-21T00:00:00Z, where these tests' simulators start.
let epoch: Int64 = 1_795_219_200_000

/// An account's owner talking to a simulated Twilio, at a time of the test's choosing.
struct Caller {
    let twilio: SimulatedTwilio
    var now = epoch
    var user: String
    var password: String

    init(_ configure: (inout SimulatorOptions) -> Void = { _ in }) {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        configure(&options)
        twilio = SimulatedTwilio(options, start: epoch)
        user = twilio.accounts[0].sid
        password = twilio.accounts[0].authToken
    }

    var account: SimulatedAccount { twilio.accounts[0] }

    /// The path of the logs of an environment of the first service.
    func logs(_ environment: Int = 0) -> String {
        "/v1/Services/\(account.services[0].sid)/Environments/\(account.services[0].environments[environment].sid)/Logs"
    }

    func answer(_ target: String) -> SimulatedResponse {
        twilio.answer(.get(target, user: user, password: password), at: now)
    }

    func json(_ target: String, status: Int = 200, _ location: SourceLocation = #_sourceLocation) throws -> JSONValue {
        let answer = answer(target)
        #expect(answer.status == status, "\(target)", sourceLocation: location)
        return try JSONValue(answer.body)
    }

    func post(_ target: String) -> SimulatedResponse {
        twilio.answer(SimulatedRequest(method: "POST", target: target), at: now)
    }

    /// The records of every page, as a caller gets them that follows next_page_url.
    func all(_ target: String, key: String) throws -> [JSONValue] {
        var records: [JSONValue] = []
        var next: String? = target
        var seen: Set<String> = []
        while let target = next {
            try #require(seen.insert(target).inserted, "a page was named twice: \(target)")
            let page = try json(target)
            records += try #require(page[key]?.array)
            next = try page["meta"]?["next_page_url"]?.string.map(path)
        }
        return records
    }

    func sids(_ target: String, key: String = "events") throws -> [String] {
        try all(target, key: key).compactMap { $0["sid"]?.string }
    }

    /// Follows next_page_url to the end without reading the records.
    func walk(_ target: String) throws {
        var next: String? = target
        while let target = next {
            let page = String(decoding: answer(target).body, as: UTF8.self)
            let begin = try #require(page.firstRange(of: "\"next_page_url\": ")).upperBound
            next = page[begin] == "\"" ? try path(String(page[begin...].dropFirst().prefix { $0 != "\"" })) : nil
        }
    }

    func path(_ url: String) throws -> String {
        let origin = "http://simulator.test"
        try #require(url.hasPrefix(origin + "/"))
        return String(url.dropFirst(origin.count))
    }
}
