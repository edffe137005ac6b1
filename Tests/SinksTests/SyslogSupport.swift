import Formatting
import Foundation
import Logging
import PipelineCore
import Synchronization
import Testing
import Transport

@testable import Sinks

extension SpooledRecord {
    /// A record with an envelope such as the normaliser makes; what is given stands in the JSON as it is.
    static func envelope(
        _ number: Int64, type: String = "account.updated", dataset: Dataset = .monitorEvents,
        account: String = "production", accountSID: String = "AC0123456789abcdef0123456789abcdef",
        message: String = "account.updated on AC…", severity: Severity = .notice, padding: Int = 0,
        time: Timestamp = Timestamp(milliseconds: 1_412_354_905_123)
    ) -> SpooledRecord {
        let digits = String(number)
        let id = "AE" + String(repeating: "0", count: max(0, 32 - digits.count)) + digits
        var line = #"{"schema":"twilship.envelope.v1","id":""#
        func value(_ text: String, _ after: String) -> Range<Int> {
            let start = line.utf8.count
            line += text + after
            return start..<start + text.utf8.count
        }
        let idRange = value(id, #"","dataset":"\#(dataset.rawValue)","type":""#)
        let typeRange = value(type, #"","message":"\#(message)","raw":"#)
        let rawRange = value(#"{"sid":"\#(id)","padding":"\#(String(repeating: "x", count: padding))"}"#, "}")
        return SpooledRecord(
            sequence: number, origin: Origin(account: account, accountSID: accountSID, dataset: dataset, lane: .live),
            bytes: Array(line.utf8),
            entry: EnvelopeBlock.Entry(
                line: 0..<line.utf8.count, raw: rawRange, id: idRange, type: typeRange, time: time, severity: severity,
                identity: RecordIdentity(high: 0, low: UInt64(number))))
    }

    static func envelopes(_ numbers: ClosedRange<Int64>, padding: Int = 0) -> [SpooledRecord] {
        numbers.map { .envelope($0, padding: padding) }
    }
}

extension SyslogMessageOptions {
    static let sample = SyslogMessageOptions(hostname: "collector1")
}

extension SyslogEncoder {
    /// One message as text.
    func text(_ record: SpooledRecord, maximumBytes: Int? = nil) -> String {
        var bytes: [UInt8] = []
        var frames = Frames()
        _ = append(record, to: &bytes, &frames, maximumBytes: maximumBytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func texts(_ records: [SpooledRecord], _ options: SyslogMessageOptions = .sample) -> [String] {
        let encoder = SyslogEncoder(options)
        return records.map { encoder.text($0) }
    }
}

extension Delivery {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }

    var retryReason: String? { if case .retry(_, let reason) = self { reason } else { nil } }

    var faultReason: String? { if case .fault(_, let reason) = self { reason } else { nil } }

    var holdReason: String? { if case .hold(let reason) = self { reason } else { nil } }
}

extension SyslogSink {
    /// A sink that confirms fast and gives up soon.
    static func sample(
        _ destination: SyslogSinkOptions.Destination, _ message: SyslogMessageOptions = .sample,
        confirmAfter: Duration = .milliseconds(100), stall: Duration = .seconds(60), close: Duration = .seconds(5),
        connect: Duration = .seconds(30)
    ) throws -> SyslogSink {
        var options = SyslogSinkOptions(destination: destination, message: message, confirmAfter: confirmAfter)
        options.timeouts.stall = stall
        options.timeouts.close = close
        options.timeouts.connect = connect
        return try SyslogSink(name: "test", options: options, log: Logger(label: "test"))
    }
}

/// A condition that tests wait for; fails by time alone.
func eventually(
    within limit: Duration = .seconds(60), _ comment: @autoclosure () -> Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while true {
        if try condition() { return }
        guard ContinuousClock.now < end else {
            Issue.record(comment(), sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// Whether both are the same lines; else says only where they begin to differ.
func expectSame(_ found: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    guard let index = zip(found, expected).map({ $0 != $1 }).firstIndex(of: true) else { return }
    #expect(found[index] == expected[index], "line \(index + 1)", sourceLocation: sourceLocation)
}

/// A TCP server of which the test plays each connection by hand, on a thread of its own.
final class ScriptedServer: Sendable {
    let port: Int
    private let descriptor: CInt
    private let connections = Mutex(0)

    /// - Parameter script: gets each connection and its number, from 1; the connection is closed when it returns.
    init(_ script: @escaping @Sendable (ServerConnection, Int) -> Void) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                // A small buffer, inherited by connections: a slow reader is felt soon.
                var room: CInt = 16 << 10
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, 4)
                return bind(descriptor, $0, length) | listen(descriptor, 16) | getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.descriptor = descriptor
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                let number = connections.withLock {
                    $0 += 1
                    return $0
                }
                Thread.detachNewThread {
                    let connection = ServerConnection(connection)
                    script(connection, number)
                    connection.close()
                }
            }
        }
    }

    var accepted: Int { connections.withLock { $0 } }
    var host: ByteStream.Host { ByteStream.Host(name: "127.0.0.1", port: port) }

    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

/// The server's end of a connection; its calls block.
final class ServerConnection {
    private var descriptor: CInt
    private var buffered: [UInt8] = []
    private var place = 0

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// Empty at the end.
    func read(atMost count: Int = 65536) -> [UInt8] {
        if place == buffered.count {
            buffered = [UInt8](repeating: 0, count: 65536)
            place = 0
            buffered.removeLast(buffered.count - max(0, recv(descriptor, &buffered, buffered.count, 0)))
        }
        let piece = Array(buffered[place..<min(place + count, buffered.count)])
        place += piece.count
        return piece
    }

    /// Whether anything more comes within that time.
    func hasMore(within limit: Duration) -> Bool {
        if place < buffered.count { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(limit.wholeMilliseconds)) > 0
    }

    func readAll() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = read()
            if piece.isEmpty { return all }
            all += piece
        }
    }

    /// Up to and without `end`; nil at the end of the stream.
    func line(upTo end: Unicode.Scalar = "\n") -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            guard let byte = read(atMost: 1).first else { return nil }
            if byte == UInt8(ascii: end) { return line }
            line.append(byte)
        }
    }

    func exactly(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = read(atMost: count - bytes.count)
            if piece.isEmpty { return nil }
            bytes += piece
        }
        return bytes
    }

    /// One octet-counted message.
    func counted() -> String? {
        guard let digits = line(upTo: " "), let count = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        return exactly(count).map { String(decoding: $0, as: UTF8.self) }
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Says that nothing more is to come, and goes on reading.
    func closeHalf() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Ends the connection with RST.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

/// Something that a server's thread tells a test.
final class Collected<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    var all: [Value] { values.withLock { $0 } }

    /// - Returns: how many there are now.
    @discardableResult
    func append(_ value: Value) -> Int {
        values.withLock {
            $0.append(value)
            return $0.count
        }
    }
}

/// Opens once; threads wait for it.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() {
        semaphore.signal()
    }

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
}
