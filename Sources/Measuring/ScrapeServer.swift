package import Sockets

/// Answers GET and HEAD of a few paths over HTTP/1.1, for programs that look now and then.
///
/// - One connection carries one request; nothing of it counts but method and path.
/// - Memory is bounded: at most `maximumConnections` heads of 8 KiB, and the answers, which are shared.
/// - Time is bounded: who does not send a head, or take an answer, within a limit is cut off.
/// - Nothing that a client does ends the server.
package struct ScrapeServer: Sendable {
    package struct Answer: Sendable {
        package let status: String
        let contentType: String
        package let body: [UInt8]

        package init(status: String, contentType: String, body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }

        /// One sentence.
        package init(status: String, _ text: String) {
            self.init(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
        }
    }

    package struct Limits: Sendable {
        /// Served at a time; one more is told to try again.
        package var connections = 16
        /// For the whole head, from the moment of the connection.
        package var request = Duration.seconds(10)
        /// For the whole answer to be taken.
        package var answer = Duration.seconds(10)

        package init() {}
    }

    /// By path. They must end by themselves.
    package typealias Pages = [String: @Sendable () async -> Answer]

    private let pages: Pages
    private let limits: Limits
    private let notice: @Sendable (String) -> Void

    /// - Parameter notice: gets sentences for the operator.
    package init(_ pages: Pages, limits: Limits = Limits(), notice: @escaping @Sendable (String) -> Void) {
        self.pages = pages
        self.limits = limits
        self.notice = notice
    }

    /// Serves until the task is cancelled.
    /// - Parameter listening: nobody else may use it.
    package func run(on listening: StreamSocket) async {
        let reception = Reception(
            atMost: limits.connections,
            notice: { [notice] in notice("no request can be taken for a second: \($0)") },
            turnAway: { client in
                let answer = Answer(status: "503 Service Unavailable", "Too many connections; try again.")
                // A new socket has room for this.
                try? await client.write(Self.bytes(answer, method: "GET"), until: .now)
            },
            serve: { await serve($0) })
        await reception.run(on: listening, close: listening.shutDown)
    }

    private func serve(_ client: StreamSocket) async {
        guard let (answer, method) = await answer(client) else { return client.shutDown() }
        guard (try? await client.write(Self.bytes(answer, method: method), until: .now + limits.answer)) != nil else {
            return client.shutDown()
        }
        client.finishWriting()
        await Self.drain(client)
        client.shutDown()
    }

    /// nil if there is nobody left to tell.
    private func answer(_ client: StreamSocket) async -> (Answer, method: String)? {
        var bytes: [UInt8] = []
        let deadline = ContinuousClock.now + limits.request
        do throws(SocketFailure) {
            while !RequestHead.isWhole(bytes) {
                guard bytes.count < RequestHead.maximumBytes else {
                    return (Answer(status: "431 Request Header Fields Too Large", "The request is too long."), "GET")
                }
                let more = try await client.read(atMost: RequestHead.maximumBytes - bytes.count, until: deadline)
                guard !more.isEmpty else { return nil }
                bytes += more
            }
        } catch {
            guard error == .timedOut else { return nil }
            return (Answer(status: "408 Request Timeout", "No request came in time."), "GET")
        }
        guard let head = RequestHead(bytes) else {
            return (Answer(status: "400 Bad Request", "That is no request of HTTP/1.1."), "GET")
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            return (Answer(status: "405 Method Not Allowed", "Only GET and HEAD are answered."), "GET")
        }
        guard let page = pages[head.path] else {
            let there = pages.keys.sorted().joined(separator: " and ")
            return (Answer(status: "404 Not Found", "There is only \(there)."), head.method)
        }
        return (await page(), head.method)
    }

    private static func bytes(_ answer: Answer, method: String) -> [UInt8] {
        var head = "HTTP/1.1 \(answer.status)\r\nContent-Type: \(answer.contentType)\r\n"
        head += "Content-Length: \(answer.body.count)\r\nCache-Control: no-store\r\nConnection: close\r\n"
        if answer.status.hasPrefix("405") { head += "Allow: GET, HEAD\r\n" }
        head += "\r\n"
        return method == "HEAD" ? Array(head.utf8) : Array(head.utf8) + answer.body
    }

    /// Takes what is still coming, for a moment: closing on it would destroy the answer on its way (RFC 9112, section
    /// 9.6).
    private static func drain(_ client: StreamSocket) async {
        let deadline = ContinuousClock.now + .seconds(1)
        var left = 64 << 10
        while left > 0, let bytes = try? await client.read(atMost: 8 << 10, until: deadline), !bytes.isEmpty {
            left -= bytes.count
        }
    }
}
