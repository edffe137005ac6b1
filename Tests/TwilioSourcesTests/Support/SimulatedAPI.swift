import Parsing
import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

/// An API over a simulated Twilio whose every request is checked against Twilio's documents.
struct SimulatedAPI {
    static let start: Int64 = 1_780_000_000_000

    let clock: VirtualClock
    let twilio: SimulatedTwilio
    let transport: SimulatedTransport
    let api: TwilioAPI

    init(
        _ base: String = "http://serverless.test", mainKey: Bool = false, _ change: (inout SimulatorOptions) -> Void
    ) throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        change(&options)
        clock = VirtualClock(start: Self.start)
        twilio = SimulatedTwilio(options, start: Self.start)
        transport = SimulatedTransport(twilio, clock: clock)
        let account = twilio.accounts[0]
        let auth =
            mainKey
            ? BasicAuth(user: account.mainKeySID, password: account.mainKeySecret)
            : BasicAuth(user: account.sid, password: account.authToken)
        api = TwilioAPI(
            baseURL: try HTTPURL(base), credential: FixedCredential(auth), transport: transport,
            limiter: RateLimiter(requestsPerSecond: 1000, burst: 1, clock: clock), gate: CredentialGate(clock: clock),
            clock: clock)
    }

    var account: SimulatedAccount { twilio.accounts[0] }
    var service: SimulatedService { account.services[0] }
    var environment: SimulatedEnvironment { service.environments[0] }

    func logs(pageSize: Int = 10, cap: Int = 100) -> FunctionLogsSource {
        FunctionLogsSource(
            line: api.line(for: "logs"), serviceSID: service.sid, environmentSID: environment.sid, pageSize: pageSize,
            cap: cap)
    }

    /// The second so many seconds before the start.
    func second(_ ago: Int) -> Window {
        let from = Timestamp(milliseconds: Self.start - Int64(ago) * 1000)
        return Window(from: from, to: from + .seconds(1))
    }

    /// What Twilio has of a window.
    func truth(_ dataset: SimulatedDataset, in window: Window) -> Set<String> {
        Set(
            twilio.truth(account: account.sid, dataset: dataset, at: clock.wallNow.milliseconds)
                .filter { window.contains(Timestamp(milliseconds: $0.date)) }.map(\.sid))
    }

    /// Requests must be as Twilio documents them.
    func expectDocumentedRequests(_ location: SourceLocation = #_sourceLocation) {
        guard let validator = RequestValidator.shared else {
            print(RequestValidator.absence)
            return
        }
        for problem in transport.requests.flatMap(validator.problems) {
            Issue.record(Comment(rawValue: problem), sourceLocation: location)
        }
    }
}

extension WindowContents {
    /// The SIDs of the window's own records.
    func sids(in window: Window) -> Set<String> {
        var sids: Set<String> = []
        for page in pages {
            for index in page.records.indices where page.records[index].time.map(window.contains) ?? false {
                sids.insert(page[index].token(LogField.sid).flatMap { JSONString.text($0) } ?? "")
            }
        }
        return sids
    }
}
