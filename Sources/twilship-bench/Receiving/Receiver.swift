import Foundation
import Synchronization

/// The other end of a sink, which takes everything: HTTP requests, which it answers with 200, or a stream of bytes.
final class Receiver: Sendable {
    enum Kind: Sendable {
        case http
        case stream
    }

    let port: UInt16
    private let socket: Int32
    private let kind: Kind
    private let bytes = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let lines = Atomic<Int>(0)
    private let cpu = Atomic<Int>(0)
    /// Gets each request's body before it is answered.
    private let took: (@Sendable (ArraySlice<UInt8>) -> Void)?

    init(_ kind: Kind, took: (@Sendable (ArraySlice<UInt8>) -> Void)? = nil) throws {
        (socket, port) = try Loopback.listen()
        self.kind = kind
        self.took = took
        Thread.detachNewThread { [self] in accept() }
    }

    /// What came so far, bodies only.
    var received: Int { bytes.load(ordering: .relaxed) }
    var receivedRequests: Int { requests.load(ordering: .relaxed) }
    /// Line feeds in what came.
    var receivedLines: Int { lines.load(ordering: .relaxed) }

    /// What receiving has cost, for who is in the same process.
    var cpuSeconds: Double { Double(cpu.load(ordering: .relaxed)) / 1e6 }

    /// Takes no further connections; those that there are end with their peer.
    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private func accept() {
        while true {
            let peer = Foundation.accept(socket, nil, nil)
            guard peer >= 0 else { return }
            Thread.detachNewThread { [self] in
                switch kind {
                case .http: serveHTTP(peer)
                case .stream: drain(peer)
                }
                close(peer)
            }
        }
    }

    private func drain(_ peer: Int32) {
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        var spent = 0
        while true {
            let count = recv(peer, &piece, piece.count, 0)
            if count <= 0 { return }
            add(piece[..<count])
            countCPU(&spent)
        }
    }

    private func serveHTTP(_ peer: Int32) {
        var buffer: [UInt8] = []
        var spent = 0
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        func more() -> Bool {
            let count = recv(peer, &piece, piece.count, 0)
            if count > 0 { buffer += piece[..<count] }
            return count > 0
        }
        while true {
            var head = buffer.endOfHead
            while head == nil {
                guard more() else { return }
                head = buffer.endOfHead
            }
            guard let head, let length = Self.length(buffer[..<head]) else { return }
            while buffer.count < head + length {
                guard more() else { return }
            }
            let body = buffer[head..<head + length]
            took?(body)
            add(body)
            requests.add(1, ordering: .relaxed)
            buffer.removeSubrange(..<(head + length))
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            _ = answer.withCString { send(peer, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            countCPU(&spent)
        }
    }

    /// - Parameter spent: what this thread had used when it was last counted, in microseconds.
    private func countCPU(_ spent: inout Int) {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        let now = time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
        cpu.add(now - spent, ordering: .relaxed)
        spent = now
    }

    private func add(_ piece: ArraySlice<UInt8>) {
        bytes.add(piece.count, ordering: .relaxed)
        lines.add(piece.count { $0 == UInt8(ascii: "\n") }, ordering: .relaxed)
    }

    private static func length(_ head: ArraySlice<UInt8>) -> Int? {
        for line in String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n") {
            if line.hasPrefix("content-length:") { return Int(line.dropFirst(15).drop { $0 == " " }) }
        }
        return nil
    }
}

extension [UInt8] {
    /// Where a request's body begins; nil before its head is whole.
    fileprivate var endOfHead: Int? {
        firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
    }
}
