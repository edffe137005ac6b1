import PipelineCore
import Synchronization
package import Transport

/// Answers what a script says. Answers without headers get the clock's `Date`.
package final class ScriptedTransport: HTTPTransport {
    private let clock: VirtualClock
    private let answer: @Sendable (HTTPRequest, Int) -> HTTPResponse
    private let log = Mutex<[HTTPRequest]>([])

    /// - Parameter answer: gets the request and its number, from 1.
    package init(clock: VirtualClock, answer: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse) {
        self.clock = clock
        self.answer = answer
    }

    /// Every request so far.
    package var requests: [HTTPRequest] { log.withLock { $0 } }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let number = log.withLock { log in
            log.append(request)
            return log.count
        }
        var response = answer(request, number)
        if response.headers.fields.isEmpty { response.headers.append("Date", clock.wallNow.httpDate) }
        response.headersReceivedAt = clock.monotonicNow
        return response
    }
}

extension Timestamp {
    /// `Fri, 03 Oct 2014 16:48:25 GMT`; the name of the day is always `Fri`, since nobody may rely on it.
    fileprivate var httpDate: String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = Array(rfc3339)
        let month = months[(Int(String(text[5...6])) ?? 1) - 1]
        return "Fri, \(String(text[8...9])) \(month) \(String(text[0...3])) \(String(text[11...18])) GMT"
    }
}
