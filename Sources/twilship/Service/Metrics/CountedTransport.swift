import CoreMetrics
import Measuring
import Transport

/// Counts every request to Twilio by the status of its answer.
struct CountedTransport: HTTPTransport {
    static let counter = "twilship_requests_total"
    /// The `status` of what was not answered: the network, a time-out, an answer that is none, our own end.
    static let unanswered = "none"

    private let transport: any HTTPTransport
    private let user: NetworkPool.BudgetUser
    private let registry: CounterRegistry

    init(_ transport: any HTTPTransport, _ user: NetworkPool.BudgetUser, in registry: CounterRegistry) {
        self.transport = transport
        self.user = user
        self.registry = registry
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        do throws(TransportError) {
            let response = try await transport.send(request)
            // RFC 9110, section 15: there are no others, and whoever makes some up makes no series of his own.
            count((100...599).contains(response.status) ? "\(response.status)" : "other")
            return response
        } catch {
            count(Self.unanswered)
            throw error
        }
    }

    private func count(_ status: String) {
        Counter(
            label: Self.counter, dimensions: [("account", user.account), ("api", user.api), ("status", status)],
            factory: registry
        ).increment()
    }
}
