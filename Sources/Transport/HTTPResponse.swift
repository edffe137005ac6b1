/// One whole response, its body decoded and within the request's limits.
package struct HTTPResponse: Sendable {
    /// Spare capacity behind ``body``'s last byte: SIMD parsers read that far ahead, and this spares them a copy.
    package static let bodyPadding = 64

    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// The body's size as it was sent, before gunzip.
    package var wireBytes: Int
    /// "1.1" or "2".
    package var httpVersion: String
    /// Address and port of the other end of the connection: the proxy's, behind one.
    package var remoteAddress: String
    /// False if a kept-alive connection was used.
    package var openedConnection: Bool
    /// When the request was given to a connection. A server's `Date` was written between this and ``headersReceivedAt``.
    package var sentAt: ContinuousClock.Instant
    package var headersReceivedAt: ContinuousClock.Instant
    package var receivedAt: ContinuousClock.Instant

    package init(
        status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], wireBytes: Int? = nil, httpVersion: String = "1.1",
        remoteAddress: String = "", openedConnection: Bool = false, sentAt: ContinuousClock.Instant = .now,
        headersReceivedAt: ContinuousClock.Instant? = nil, receivedAt: ContinuousClock.Instant? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.wireBytes = wireBytes ?? body.count
        self.httpVersion = httpVersion
        self.remoteAddress = remoteAddress
        self.openedConnection = openedConnection
        self.sentAt = sentAt
        self.headersReceivedAt = headersReceivedAt ?? sentAt
        self.receivedAt = receivedAt ?? self.headersReceivedAt
    }
}
