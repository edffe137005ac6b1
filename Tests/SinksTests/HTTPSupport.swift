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
    enum Then: Sendable { case keep, close, reset, silence }

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

    private let server: ScriptedServer
    private let received: Collected<Request>

    var port: UInt16 { UInt16(server.port) }
    var requests: [Request] { received.all }

    /// - Parameter answer: gets the request and its number, from 0.
    init(_ answer: @escaping @Sendable (Request, Int) -> Answer) throws {
        let received = Collected<Request>()
        self.received = received
        server = try ScriptedServer(receiveBuffer: nil) { connection, _ in
            while let request = connection.request() {
                guard connection.give(answer(request, received.append(request) - 1)) else { return }
            }
        }
    }

    func stop() {
        server.stop()
    }

    static func gunzipped(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        var input = bytes
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        // 15 window bits, and 16 for the gzip form.
        inflateInit2_(&stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        defer { inflateEnd(&stream) }
        return input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            while true {
                let (code, left) = piece.withUnsafeMutableBufferPointer { piece in
                    stream.next_out = piece.baseAddress
                    stream.avail_out = UInt32(piece.count)
                    return (inflate(&stream, Z_NO_FLUSH), Int(stream.avail_out))
                }
                output += piece[..<(piece.count - left)]
                if code == Z_STREAM_END { return output }
                // Cut short, or no gzip.
                if code != Z_OK || left == piece.count { return [] }
            }
        }
    }
}

extension ServerConnection {
    /// Nil at the end.
    func request() -> Collector.Request? {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard let byte = read(atMost: 1).first else { return nil }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        let words = lines.first?.split(separator: " ") ?? []
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        guard words.count > 1, let body = exactly(length) else { return nil }
        return .init(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }

    /// Whether another request may follow.
    func give(_ answer: Collector.Answer) -> Bool {
        guard write(answer.bytes) else { return false }
        switch answer.then {
        case .keep: return true
        case .close: return false
        case .reset:
            reset()
            return false
        case .silence:
            _ = readAll()
            return false
        }
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
