import Foundation
import PipelineCore
import Synchronization
import Testing
import Transport

@testable import Sinks

/// A server of syslog, RELP or HTTP, in the clear or behind TLS, at a port that stays the same.
final class StreamEnd: SinkEnd {
    private struct State {
        var behaviour = EndBehaviour.good
        var isSecure: Bool
        var ids: [String] = []
        var server: ScriptedServer?
        var front: TLSFront?
        /// Lets go of connections that hang.
        var over: Gate?
    }

    private let kind: SinkKind
    private let port: Int
    private let splunk = FakeSplunk()
    private let state: Mutex<State>

    init(_ kind: SinkKind) throws {
        self.kind = kind
        port = try FreePort.tcp()
        state = Mutex(State(isSecure: kind == .tls || kind == .relpTLS))
    }

    var place: String { "\(Self.host(state.withLock(\.behaviour))):\(port)" }
    var received: [String] { state.withLock(\.ids) }
    var canRecover: Bool { state.withLock { $0.behaviour != .unknownName } }

    private static func host(_ behaviour: EndBehaviour) -> String {
        behaviour == .unknownName ? "no-such-host.invalid" : "127.0.0.1"
    }

    func become(_ behaviour: EndBehaviour, records: Int) async throws {
        stop()
        let isSecure = state.withLock { state in
            state.behaviour = behaviour
            state.isSecure = state.isSecure || behaviour.isAboutCertificates
            return state.isSecure
        }
        guard behaviour != .nobodyListens, behaviour != .unknownName else { return }
        // What is no TLS at all is said by the server itself.
        let isBehind = isSecure && behaviour != .garbage
        let over = Gate()
        let server = try ScriptedServer(port: isBehind ? 0 : port) { [self] connection, _ in
            play(connection, behaviour, records: records, over)
        }
        state.withLock { ($0.server, $0.over) = (server, over) }
        guard isBehind else { return }
        let front = try TLSFront(port: port, to: server.port, certificate: behaviour)
        state.withLock { $0.front = front }
    }

    func stop() {
        state.withLock { state in
            state.front?.stop()
            state.server?.stop()
            state.over?.open()
            state.server?.breakConnections()
            (state.server, state.front, state.over) = (nil, nil, nil)
        }
    }

    func withSink(for behaviour: EndBehaviour, _ body: (any Sink) async throws -> Void) async throws {
        guard kind.isHTTP else {
            let sink = try syslogSink(behaviour)
            try await body(sink)
            await sink.close()
            return
        }
        let scheme = state.withLock(\.isSecure) ? "https" : "http"
        var options = HTTPSinkOptions(url: try HTTPURL("\(scheme)://\(Self.host(behaviour)):\(port)/"))
        options.timeout = behaviour == .hanging ? .seconds(1) : .seconds(30)
        switch kind {
        case .splunk: options.preset = .splunk(SplunkOptions(host: "collector1"))
        case .elastic: options.preset = .elastic()
        default: break
        }
        options.authentication = .token(SecretBox("t0ken").secret)
        try await withTransport({ $0.caFile = try? TLSFront.certificates().path("ca.pem") }) { transport in
            let sink = try HTTPSink(options, transport: transport, clock: HastyClock())
            try await body(sink)
            await sink.close()
        }
    }

    private func syslogSink(_ behaviour: EndBehaviour) throws -> SyslogSink {
        let hosts = [ByteStream.Host(name: Self.host(behaviour), port: port)]
        let tls = ByteStream.TLS(caFile: try TLSFront.certificates().path("ca.pem"))
        let destination: SyslogSinkOptions.Destination =
            switch kind {
            case .tls: .tls(hosts, tls, .octetCounting)
            case .relp: .relp(hosts)
            case .relpTLS: .relpTLS(hosts, tls)
            default: .tcp(hosts, .octetCounting)
            }
        return try SyslogSink.sample(
            destination,
            // Longer than it takes the server to come to its reset.
            confirmAfter: behaviour == .resetting ? .seconds(3) : .milliseconds(100),
            stall: behaviour == .hanging ? .seconds(1) : .seconds(60))
    }

    // MARK: - The server's part

    private func note(_ text: String) {
        let ids = SinkEnds.ids(in: text)
        state.withLock { $0.ids += ids }
    }

    private func play(_ connection: ServerConnection, _ behaviour: EndBehaviour, records: Int, _ over: Gate) {
        switch behaviour {
        case .hanging: return over.wait()
        case .slow: connection.pause = .microseconds(200)
        case .garbage:
            connection.write("\u{0}\u{1}SSH-2.0-no\r\n\r\n7 rsp x\r\n")
            // Of syslog without answers it is only noise.
            if kind != .tcp {
                _ = connection.readAll()
                return
            }
        default: break
        }
        if kind.isHTTP {
            playHTTP(connection, behaviour)
        } else if kind.isRelp {
            playRelp(connection, behaviour, records: records)
        } else {
            playSyslog(connection, behaviour, records: records)
        }
    }

    private func playSyslog(_ connection: ServerConnection, _ behaviour: EndBehaviour, records: Int) {
        var left = records
        while let message = connection.counted() {
            note(message)
            left -= 1
            if behaviour == .resetting, left == 0 { return connection.reset() }
        }
    }

    private func playRelp(_ connection: ServerConnection, _ behaviour: EndBehaviour, records: Int) {
        var left = records
        while let frame = connection.relpFrame() {
            guard frame.command == "syslog" else {
                connection.answer(frame)
                continue
            }
            switch behaviour {
            case .refusing: connection.answer(frame, "500 no")
            case .resetting:
                left -= 1
                if left == 0 { return connection.reset() }
            default:
                note(String(decoding: frame.data, as: UTF8.self))
                connection.answer(frame)
            }
        }
    }

    private func playHTTP(_ connection: ServerConnection, _ behaviour: EndBehaviour) {
        while let request = connection.request() {
            switch behaviour {
            case .refusing: guard connection.give(.init(403, #"{"text":"Invalid token","code":4}"#)) else { return }
            case .resetting: return connection.reset()
            default:
                note(request.text)
                let answer: Collector.Answer =
                    switch kind {
                    case .splunk: splunk.answer(request)
                    case .elastic: .init(200, #"{"errors":false,"items":[]}"#)
                    default: .init(200)
                    }
                guard connection.give(answer) else { return }
            }
        }
    }
}
