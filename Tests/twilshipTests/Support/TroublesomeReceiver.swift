import Foundation
import Glibc
import Synchronization

/// The other end of an HTTP or a RELP sink. Until it is told to be well it fails, hangs, and resets connections of which
/// it has read everything, at random; it keeps count of all it ever took.
final class TroublesomeReceiver: Sendable {
    enum Kind { case http, relp }
    private enum Trouble { case none, refuses, closesUnread, resets, hangs }

    private struct State {
        var isWell = false
        var taken: [String: Int] = [:]
        /// Of HTTP: the body of each key, and the key of each record.
        var bodies: [String: Data] = [:]
        var keys: [String: String] = [:]
        var problems: [String] = []
        var unanswered = 0
        var takes = 0
    }

    let port: Int
    private let listener: CInt
    private let state = Mutex(State())

    init(_ kind: Kind) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) | listen(listener, 64) | getsockname(listener, $0, &length)
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [self] in
                    let stream = fdopen(connection, "r")
                    switch kind {
                    case .http: while answerRequest(stream, connection) {}
                    case .relp: while answerFrame(stream, connection) {}
                    }
                    fclose(stream)
                }
            }
        }
    }

    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        close(listener)
    }

    /// From now on everything is taken and answered.
    func recover() { state.withLock { $0.isWell = true } }

    /// How often each record was taken.
    var taken: [String: Int] { state.withLock { $0.taken } }
    /// How often something was taken whose answer the sender never had.
    var unanswered: Int { state.withLock { $0.unanswered } }
    /// How often anything was taken: a batch over HTTP, a record over RELP.
    var takes: Int { state.withLock { $0.takes } }
    /// Batches of one key with other bytes, and records that came under two keys.
    var problems: [String] { state.withLock { $0.problems } }

    // MARK: - HTTP

    private func answerRequest(_ stream: UnsafeMutablePointer<FILE>?, _ connection: CInt) -> Bool {
        var fields: [String: String] = [:]
        guard line(stream) != nil else { return false }
        while let field = line(stream), !field.isEmpty {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return false }
            fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let trouble = trouble
        guard trouble != .closesUnread, let length = fields["content-length"].flatMap({ Int($0) }),
            let body = bytes(length, stream)
        else { return false }
        note(body, key: fields["idempotency-key"] ?? "")
        guard trouble != .refuses else { return send("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", connection) }
        take(body.split(separator: 0x0A), isAnswered: trouble == .none)
        return finish(trouble, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", connection)
    }

    private func note(_ body: Data, key: String) {
        state.withLock { state in
            if let before = state.bodies.updateValue(body, forKey: key), before != body {
                state.problems.append("the key \(key) came with other bytes")
            }
            for id in body.split(separator: 0x0A).compactMap(Self.id) {
                if let before = state.keys.updateValue(key, forKey: id), before != key {
                    state.problems.append("\(id) came under the keys \(before) and \(key)")
                }
            }
        }
    }

    // MARK: - RELP

    private func answerFrame(_ stream: UnsafeMutablePointer<FILE>?, _ connection: CInt) -> Bool {
        guard let number = word(stream), let command = word(stream), let length = word(stream).flatMap({ Int($0) }),
            let data = bytes(length, stream), length == 0 || getc(stream) == 0x0A
        else { return false }
        func answer(_ text: String) -> String { "\(number) rsp \(text.utf8.count) \(text)\n" }
        switch command {
        case "open":
            return send(answer("200 OK\nrelp_version=0\nrelp_software=test\ncommands=syslog"), connection)
        case "close":
            _ = send("\(number) rsp 0\n0 serverclose 0\n", connection)
            return false
        default:
            // Once in a batch or so.
            let trouble = Int.random(in: 0..<25) == 0 ? trouble : .none
            guard trouble != .closesUnread, trouble != .refuses else { return false }
            take([data], isAnswered: trouble == .none)
            return finish(trouble, answer("200 OK"), connection)
        }
    }

    // MARK: -

    private var trouble: Trouble {
        guard state.withLock({ !$0.isWell }) else { return .none }
        switch Int.random(in: 0..<20) {
        case 0, 1: return .refuses
        case 2: return .closesUnread
        case 3, 4: return .resets
        case 5: return .hangs
        default: return .none
        }
    }

    private func take(_ records: [Data], isAnswered: Bool) {
        let ids = records.compactMap(Self.id)
        state.withLock { state in
            for id in ids { state.taken[id, default: 0] += 1 }
            state.takes += 1
            if !isAnswered { state.unanswered += 1 }
        }
    }

    /// Answers, or does what else the trouble asks for after everything was read.
    private func finish(_ trouble: Trouble, _ answer: String, _ connection: CInt) -> Bool {
        switch trouble {
        case .resets:
            var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            return false
        case .hangs:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        default: return send(answer, connection)
        }
    }

    /// The envelope's `id`; nil of a record of our own.
    private static func id(_ record: Data) -> String? {
        guard record.range(of: Data(#""dataset":"twilship""#.utf8)) == nil,
            let mark = record.range(of: Data(#"{"schema":"twilship.envelope.v1","id":""#.utf8))
        else { return nil }
        return String(decoding: record[mark.upperBound...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    private func line(_ stream: UnsafeMutablePointer<FILE>?) -> String? {
        var text = ""
        while true {
            let byte = getc(stream)
            guard byte != EOF else { return nil }
            if byte == 0x0A { return text.hasSuffix("\r") ? String(text.dropLast()) : text }
            text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: byte)))
        }
    }

    /// Up to a space, or the end of the frame.
    private func word(_ stream: UnsafeMutablePointer<FILE>?) -> String? {
        var text = ""
        while true {
            let byte = getc(stream)
            guard byte != EOF else { return nil }
            if byte == 0x20 || byte == 0x0A { return text }
            text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: byte)))
        }
    }

    private func bytes(_ count: Int, _ stream: UnsafeMutablePointer<FILE>?) -> Data? {
        var data = Data(count: count)
        let read = data.withUnsafeMutableBytes { fread($0.baseAddress, 1, count, stream) }
        return read == count ? data : nil
    }

    private func send(_ text: String, _ connection: CInt) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(connection, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    }
}
