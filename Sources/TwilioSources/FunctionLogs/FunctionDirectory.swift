import Parsing
import PipelineCore
import Synchronization

/// The SIDs of a service's Functions, remembered for a while: `GET /v1/Services/{ZS}/Functions`.
final class FunctionDirectory: Sendable {
    static let memory: Duration = .seconds(600)
    /// Far more than a service may have; each is a query when a second is divided by them.
    static let maximum = 1000

    private let line: APILine
    private let serviceSID: String
    private let remembered = Mutex<(sids: [String], at: ContinuousClock.Instant)?>(nil)

    init(line: APILine, serviceSID: String) {
        self.line = line
        self.serviceSID = serviceSID
    }

    func sids(_ urgency: Urgency) async throws(SourceError) -> [String] {
        let now = line.api.clock.monotonicNow
        if let known = remembered.withLock({ $0 }), known.at + Self.memory > now { return known.sids }
        let list = try line.api.baseURL.below("/v1/Services/\(serviceSID)/Functions")
        let items = try await ResourceReader(line: line, urgency: urgency).items(
            of: list, key: "functions", maximum: Self.maximum)
        let sids = items.compactMap { $0.string("sid") }.filter { TwilioSID.isOne($0, "ZH") }
        remembered.withLock { $0 = (sids, now) }
        return sids
    }
}
