import CZlib
import Foundation
import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import Transport

@testable import Sinks

/// A collector on a loopback port: reads real HTTP from real sockets and answers as it is told, well or badly.
final class Collector: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        let headers: [(name: String, value: String)]
        /// As it was sent.
        let body: [UInt8]

        subscript(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

        /// Decompressed, if it says that it is compressed.
        var text: String {
            String(decoding: self["Content-Encoding"] == "gzip" ? Collector.gunzipped(body) : body, as: UTF8.self)
        }
    }

    /// What becomes of the connection after an answer's bytes.
    enum Then: Sendable { case keep, close, silence }

    struct Answer: Sendable {
        var bytes: [UInt8]
        var then = Then.keep

        init(_ status: Int, _ body: String = "", headers: [(String, String)] = []) {
            let lines = headers.map { "\($0): \($1)\r\n" }.joined()
            bytes = Array("HTTP/1.1 \(status) Reason\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        }

        init(raw: String, then: Then) {
            bytes = Array(raw.utf8)
            self.then = then
        }
    }

    let port: UInt16
    private let listener: CInt
    private let received = Mutex<[Request]>([])
    private let answer: @Sendable (Request, Int) -> Answer

    var requests: [Request] { received.withLock { $0 } }

    /// - Parameter answer: gets the request and its number, from 0.
    init(_ answer: @escaping @Sendable (Request, Int) -> Answer) throws {
        self.answer = answer
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) | listen(listener, 64) | getsockname(listener, address, &size)
            }
        }
        try #require(code == 0)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [self] in
                    serve(connection)
                    Foundation.close(connection)
                }
            }
        }
    }

    /// Ends the accepting thread, which holds the collector.
    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: CInt) {
        while let request = Self.read(connection) {
            let number = received.withLock { received in
                received.append(request)
                return received.count - 1
            }
            let answer = answer(request, number)
            guard Self.send(answer.bytes, connection) else { return }
            switch answer.then {
            case .keep: continue
            case .close: return
            case .silence:
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
                return
            }
        }
    }

    private static func read(_ connection: CInt) -> Request? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        let words = lines[0].split(separator: " ")
        var left = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        var body: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while left > 0 {
            let got = recv(connection, &piece, min(left, piece.count), 0)
            guard got > 0 else { return nil }
            body += piece[..<got]
            left -= got
        }
        return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }

    private static func send(_ bytes: [UInt8], _ connection: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    static func gunzipped(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        var input = bytes
        var output = [UInt8](repeating: 0, count: 1 << 20)
        // 15 window bits, and 16 for the gzip form.
        inflateInit2_(&stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        defer { inflateEnd(&stream) }
        let code = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        return code == Z_STREAM_END ? Array(output[..<Int(stream.total_out)]) : []
    }
}

/// A clock whose sleepers wake at once, the time they wanted to sleep having passed.
final class HastyClock: PipelineClock {
    private let elapsed = Mutex(Duration.zero)
    private let start = ContinuousClock.now
    let wallStart = Timestamp(milliseconds: 1_790_000_000_000)

    var wallNow: Timestamp { wallStart + elapsed.withLock { $0 } }
    var monotonicNow: ContinuousClock.Instant { start + elapsed.withLock { $0 } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        elapsed.withLock { $0 += duration }
        // Others get their turn.
        await Task.yield()
    }

    func randomNumber() -> UInt64 { 4 }
}

/// A secret in a test's hand.
final class SecretBox: Sendable {
    private let values: Mutex<(current: String, next: String)>
    private let reads = Mutex(0)

    init(_ secret: String) { values = Mutex((secret, secret)) }

    /// What reading it again gives from now on.
    func change(to secret: String) { values.withLock { $0.next = secret } }

    var readings: Int { reads.withLock { $0 } }

    var secret: HTTPSecret {
        HTTPSecret(
            place: "credential:test", current: { self.values.withLock(\.current) },
            refresh: {
                self.reads.withLock { $0 += 1 }
                return self.values.withLock { values in
                    defer { values.current = values.next }
                    return values.current != values.next
                }
            })
    }
}

func withTransport<Result>(
    _ change: (inout TransportOptions) -> Void = { _ in }, _ body: (CurlTransport) async throws -> Result
) async throws -> Result {
    var options = TransportOptions(userAgent: "twilship/test")
    options.allowsPlainHTTP = true
    options.proxy = ""
    change(&options)
    let transport = try CurlTransport(options)
    do {
        let result = try await body(transport)
        await transport.shutdown()
        return result
    } catch {
        await transport.shutdown()
        throw error
    }
}

/// Runs `body` with a collector and a sink that sends to it.
func withSink<Result>(
    path: String = "", clock: any PipelineClock = HastyClock(),
    _ change: (inout HTTPSinkOptions) -> Void = { _ in },
    answering answer: @escaping @Sendable (Collector.Request, Int) -> Collector.Answer,
    _ body: (HTTPSink, Collector) async throws -> Result
) async throws -> Result {
    let collector = try Collector(answer)
    defer { collector.stop() }
    return try await withTransport { transport in
        var options = HTTPSinkOptions(url: try HTTPURL("http://127.0.0.1:\(collector.port)\(path)"))
        change(&options)
        return try await body(try HTTPSink(options, transport: transport, clock: clock), collector)
    }
}

extension Batch {
    static func sample(_ sequences: ClosedRange<Int64> = 1...3, key: String = "batch-1", attempt: Int = 1) -> Batch {
        Batch(records: sequences.map { SpooledRecord.sample($0) }, key: key, attempt: attempt)
    }
}

extension Delivery {
    var verdicts: [Verdict] { if case .perRecord(let verdicts) = self { verdicts } else { [] } }

    /// `accepted`, `retry`, `fault`, `split`, `perRecord` or `hold`.
    var kind: String {
        switch self {
        case .accepted: "accepted"
        case .retry: "retry"
        case .fault: "fault"
        case .split: "split"
        case .perRecord: "perRecord"
        case .hold: "hold"
        }
    }

    var words: String { reason ?? "" }

    var pause: Duration? {
        switch self {
        case .retry(let after, _), .fault(let after, _): after
        default: nil
        }
    }
}

final class LockedText: Sendable {
    private let content = Mutex("")

    var text: String { content.withLock { $0 } }

    func append(_ more: String) { content.withLock { $0 += more } }
}
