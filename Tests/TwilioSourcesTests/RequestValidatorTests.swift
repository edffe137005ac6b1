import PipelineTestKit
import Testing
import Transport

@Suite struct RequestValidatorTests {
    private static let logs =
        "https://serverless.twilio.com/v1/Services/ZS1/Environments/ZE\(String(repeating: "0", count: 32))/Logs"

    @Test(
        .enabled(if: RequestValidator.shared != nil, Comment(rawValue: RequestValidator.absence)),
        arguments: [
            ("https://monitor.twilio.com/v1/Events?PageSize=1000&StartDate=2026-01-01T00%3A00%3A00Z", 0),
            ("https://monitor.twilio.com/v1/Events?PageSize=1001", 1),
            ("https://monitor.twilio.com/v1/Events?PageSize=0", 1),
            ("https://monitor.twilio.com/v1/Events?PageSize=ten", 1),
            ("https://monitor.twilio.com/v1/Events?pagesize=10", 1),
            ("https://monitor.twilio.com/v1/Events?StartDate=2026-01-01", 1),
            ("https://monitor.twilio.com/v1/Events?StartDate=a&StartDate=b", 3),
            ("https://monitor.twilio.com/v1/Event", 1), ("https://monitor.twilio.com/v1/Alerts/NO1", 1),
            ("https://monitor.twilio.com/v1/Alerts?EndDate=2026-01-01T00:00:00.123Z", 0),
            (logs, 0), (logs + "?FunctionSid=ZH1", 1), (logs + "?Function=1", 1),
            ("https://api.twilio.com/2010-04-01/Accounts.json?PageSize=1000", 0),
            ("https://api.twilio.com/2010-04-01/Accounts.json?Status=open", 1),
            ("https://api.twilio.com/2010-04-01/Accounts", 1),
        ])
    func `what the documents do not allow is found`(url: String, count: Int) throws {
        let validator = try #require(RequestValidator.shared)
        let problems = validator.problems(with: HTTPRequest(.get, try HTTPURL(url)))
        #expect(problems.count == count, "\(problems)")
    }

    @Test func `a folder without documents is an error`() {
        #expect(throws: (any Error).self) { _ = try RequestValidator(folder: "/nowhere") }
    }
}
