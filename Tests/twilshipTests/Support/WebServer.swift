import Foundation
import Glibc
import Synchronization
import Testing

/// A web server on a loopback port that takes bodies of lines. Threads and blocking calls only.
final class WebServer: Sendable {
    private struct State {
        var busy: Int
        var lines: [String] = []
        var statuses: [Int] = []
        var keys: [String] = []
        var connections = 0
    }

    let port: UInt16
    private let token: String
    private let listener: CInt
    private let state: Mutex<State>

    /// Of requests that were answered 200, in order.
    var lines: [String] { state.withLock(\.lines) }
    /// Of all answers, in order.
    var statuses: [Int] { state.withLock(\.statuses) }
    var connections: Int { state.withLock(\.connections) }
    /// `Idempotency-Key` of all requests, in order.
    var keys: [String] { state.withLock(\.keys) }

    /// - Parameters:
    ///   - busy: so many requests with the right token are answered 503 first.
    ///   - token: others are answered 401.
    init(refusing busy: Int, token: String) throws {
        self.token = token
        state = Mutex(State(busy: busy))
        (listener, port) = try Self.listen()
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                state.withLock { $0.connections += 1 }
                Thread.detachNewThread { [self] in
                    serve(FileHandle(fileDescriptor: connection, closeOnDealloc: true))
                }
            }
        }
    }

    /// A loopback socket that takes connections, whoever accepts them.
    static func listen() throws -> (listener: CInt, port: UInt16) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) | Glibc.listen(listener, 16) | getsockname(listener, address, &size)
            }
        }
        try #require(code == 0)
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    /// Ends the accepting thread, which holds the server.
    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: FileHandle) {
        var read = Data()
        while true {
            let empty = Data("\r\n\r\n".utf8)
            while read.firstRange(of: empty) == nil { guard more(connection, &read) else { return } }
            guard let end = read.firstRange(of: empty) else { return }
            let head = String(decoding: read[..<end.lowerBound], as: UTF8.self)
            read = Data(read[end.upperBound...])
            let length = value(of: "Content-Length", head).flatMap { Int($0) } ?? 0
            while read.count < length { guard more(connection, &read) else { return } }
            let status = take(head, String(decoding: read.prefix(length), as: UTF8.self))
            read = Data(read.dropFirst(length))
            let answer = "HTTP/1.1 \(status) Status\r\nContent-Length: 0\r\n\r\n"
            guard (try? connection.write(contentsOf: Data(answer.utf8))) != nil else { return }
        }
    }

    private func more(_ connection: FileHandle, _ read: inout Data) -> Bool {
        let piece = connection.availableData
        read.append(piece)
        return !piece.isEmpty
    }

    private func take(_ head: String, _ body: String) -> Int {
        state.withLock { state in
            var status = 200
            if value(of: "Authorization", head) != "Bearer \(token)" {
                status = 401
            } else if state.busy > 0 {
                state.busy -= 1
                status = 503
            } else {
                state.lines += body.split(separator: "\n").map(String.init)
            }
            state.statuses.append(status)
            state.keys.append(value(of: "Idempotency-Key", head) ?? "")
            return status
        }
    }

    private func value(of name: String, _ head: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}
