import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

@Suite struct DiscoveryTests {
    private static func directory(_ twilio: SimulatedAPI) -> ServerlessDirectory {
        ServerlessDirectory(line: twilio.api.line(for: "discovery"))
    }

    @Test func `every environment is found, with what is deployed`() async throws {
        let twilio = try SimulatedAPI { options in
            options.services = 5
            options.environments = 3
        }
        let found = try await Self.directory(twilio).environments()
        #expect(found.count == 15)
        let expected = twilio.account.services.flatMap { service in
            service.environments.map { environment in
                "\(service.sid) \(service.uniqueName) \(environment.sid) \(environment.uniqueName) "
                    + "\(environment.buildSID != nil)"
            }
        }
        let told = found.map {
            "\($0.serviceSID) \($0.serviceName) \($0.environmentSID) \($0.environmentName) \($0.isDeployed)"
        }
        #expect(Set(told) == Set(expected))
        #expect(told.contains { $0.hasSuffix("false") })
        #expect(found.map(\.serviceSID) == found.map(\.serviceSID).sorted())
        twilio.expectDocumentedRequests()
    }

    @Test func `of services that are not wanted no environments are listed`() async throws {
        let twilio = try SimulatedAPI { options in
            options.services = 4
            options.environments = 2
        }
        let line = twilio.api.line(for: "discovery")
        let found = try await ServerlessDirectory(line: line).environments(
            ofServices: { _, name in name == "service-2" }, where: { _, name in name == "dev" })
        #expect(found.map(\.environmentName) == ["dev"])
        #expect(found.map(\.serviceName) == ["service-2"])
        #expect(line.requestsMade == 2)
    }

    @Test func `long lists are read page by page`() async throws {
        let twilio = try SimulatedAPI { options in
            options.services = 1000
            options.environments = 1
        }
        let found = try await Self.directory(twilio).environments(ofServices: { _, name in name == "service-1000" })
        #expect(found.count == 1)
    }

    private static func list(_ key: String, _ sids: [String], next: String? = nil) -> HTTPResponse {
        let items = sids.map { #"{"sid":"\#($0)","unique_name":"n","build_sid":null}"# }.joined(separator: ",")
        let url = next.map { "\"\($0)\"" } ?? "null"
        return answer(200, #"{"\#(key)":[\#(items)],"meta":{"next_page_url":\#(url)}}"#)
    }

    private static func sid(_ prefix: String, _ number: Int) -> String {
        prefix + String(String(number + 1_000_000).reversed().map { $0 }) + String(repeating: "0", count: 25)
    }

    @Test func `a service that is deleted meanwhile is left out, another failure fails all`() async throws {
        for (status, isLeftOut) in [(404, true), (403, false), (400, false)] {
            let api = try Scripted { request, _ in
                if request.url.path == "/v1/Services" {
                    return Self.list("services", [Self.sid("ZS", 1), Self.sid("ZS", 2)])
                }
                return request.url.path.contains(Self.sid("ZS", 1))
                    ? answer(status) : Self.list("environments", [Self.sid("ZE", 1)])
            }
            let directory = ServerlessDirectory(line: api.api.line(for: "discovery"))
            if isLeftOut {
                let found = try await directory.environments()
                #expect(found.map(\.serviceSID) == [Self.sid("ZS", 2)])
            } else {
                let error = try await failure { () throws(SourceError) in try await directory.environments() }
                #expect(error.kind != "gone")
            }
        }
    }

    @Test(arguments: ["https://evil.example.com/v1/Services?Page=1", "/v1/Services/x"])
    func `a next page elsewhere is refused`(next: String) async throws {
        let api = try Scripted { _, _ in Self.list("services", [Self.sid("ZS", 1)], next: next) }
        let directory = ServerlessDirectory(line: api.api.line(for: "discovery"))
        let error = try await failure { () throws(SourceError) in try await directory.environments() }
        #expect(error.kind == "refused")
        #expect(api.transport.requests.count == 1)
    }

    @Test func `endless lists end, and none of it is taken`() async throws {
        let api = try Scripted { _, number in
            Self.list("services", [Self.sid("ZS", number)], next: "/v1/Services?Page=1&PageToken=\(number)")
        }
        let directory = ServerlessDirectory(line: api.api.line(for: "discovery"))
        let error = try await failure { () throws(SourceError) in try await directory.environments() }
        #expect(error.kind == "refused" && "\(error)".contains("services"))
        #expect(api.transport.requests.count < 30)
    }

    // MARK: - Accounts

    private static func accounts(_ count: Int) throws -> (SimulatedAPI, AccountDirectory) {
        let twilio = try SimulatedAPI("http://api.test", mainKey: true) { options in
            options.addSubaccounts(count)
        }
        let line = twilio.api.line(for: "discovery")
        return (twilio, AccountDirectory(line: line, accountSID: twilio.account.sid))
    }

    @Test func `subaccounts are found without their parent, with tokens that print redacted`() async throws {
        let (twilio, directory) = try Self.accounts(7)
        let found = try await directory.subaccounts()
        let expected = twilio.twilio.accounts.filter(\.isSubaccount)
        #expect(found.map(\.sid) == expected.map(\.sid).sorted())
        let tokens = Dictionary(uniqueKeysWithValues: expected.map { ($0.sid, $0.authToken) })
        #expect(found.allSatisfy { $0.authToken?.value == tokens[$0.sid] })
        #expect(found.allSatisfy { $0.status == "active" })
        var text = "\(found)"
        dump(found, to: &text)
        debugPrint(found, to: &text)
        let leaked = tokens.values.filter { text.contains($0) }
        #expect(!tokens.isEmpty && leaked.isEmpty)
        twilio.expectDocumentedRequests()
    }

    /// `count` subaccounts behind their parent, 1,000 a page, as the 2010 API lists them.
    private static func listed(_ count: Int) throws -> (Scripted, AccountDirectory) {
        let api = try Scripted("https://api.twilio.com") { request, _ in
            let isSecond = request.url.query?.contains("PageToken") ?? false
            let all = (0...count).map { #"{"sid":"\#(sid("AC", $0))","auth_token":"t\#($0)","status":"active"}"# }
            let items = (isSecond ? all.dropFirst(1000) : all.prefix(1000)).joined(separator: ",")
            let next = #""/2010-04-01/Accounts.json?PageSize=1000&Page=1&PageToken=a""#
            let hasNext = !isSecond && all.count > 1000
            return answer(200, #"{"accounts":[\#(items)],"next_page_uri":\#(hasNext ? next : "null")}"#)
        }
        let line = api.api.line(for: "discovery")
        return (api, AccountDirectory(line: line, accountSID: sid("AC", 0)))
    }

    @Test func `a thousand subaccounts are taken, over two pages`() async throws {
        let (api, directory) = try Self.listed(1000)
        let found = try await directory.subaccounts()
        #expect(found.count == 1000)
        #expect(api.transport.requests.count == 2)
        let problems = RequestValidator.shared.map { api.transport.requests.flatMap($0.problems) } ?? []
        #expect(problems.isEmpty)
    }

    @Test func `more than a thousand subaccounts are an error that says so`() async throws {
        let (_, directory) = try Self.listed(1001)
        let error = try await failure { () throws(SourceError) in try await directory.subaccounts() }
        #expect(error.kind == "refused" && "\(error)".contains("accounts"))
    }

    @Test func `no token is in the error of a list that cannot be read`() async throws {
        for body in [#"{"accounts":[{"auth_token":"deadbeef""#, #"["deadbeef"]"#, #"{"x":"deadbeef"}"#] {
            let api = try Scripted("https://api.twilio.com") { _, _ in answer(200, body) }
            let directory = AccountDirectory(line: api.api.line(for: "discovery"), accountSID: "AC1")
            let error = try await failure { () throws(SourceError) in try await directory.subaccounts() }
            #expect(!"\(error)".contains("deadbeef"))
        }
    }
}
