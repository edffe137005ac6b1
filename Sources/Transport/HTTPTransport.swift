/// Sends one HTTP request and returns its whole response: the seam between what speaks HTTP and the network.
///
/// - A response of any status is a response; an error means that there is none. Redirects are not followed.
/// - Nothing is sent twice on purpose. The transport repeats a request by itself only if a kept-alive connection turned out to be
///   dead before a byte of the answer came.
/// - Cancelling the task ends the request at once with ``TransportError/cancelled``.
package protocol HTTPTransport: Sendable {
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
}
