import Formatting
import Foundation
import PipelineCore
import PipelineTestKit
import Testing
import Transport

@testable import Sinks

/// What a function may print, over each transport to a real rsyslog, in each format.
@Suite(.serialized, .enabled(if: SyslogReceiver.Program.rsyslog.isThere, "rsyslog is not installed"))
struct NastyMessageTests {
    enum Way: CaseIterable { case tcp, tcpWithLineFeeds, relp, udp }

    /// No byte order mark: Foundation takes it away when it reads JSON. Line ends of all kinds, NUL, escapes of terminals, other directions of writing, marks of formats and templates.
    private static let pieces = [
        "\n", "\r\n", "\r", "\0", "\t", "\u{7f}", "\u{85}", "\u{2028}", "\u{1b}[31mred\u{1b}]0;title\u{7}", "😀", "👩‍👩‍👧",
        "é", "e\u{301}", "\u{FFFD}", "\u{202e}gnp.exe", "\u{200f}שלום", "]", "[", "|", "=", "\\", "\"", "'",
        "<13>1 - - -",
        "%s%n%msg%", "${jndi:ldap://x}", "CEF:0|a|b|", "{\"a\":[1]}", "--", " ", "key=value", "\\n",
        "\\u0000",
    ]

    private static let texts: [String] = {
        var random = SplitMix64(state: 7)
        return (0..<1000).map { number in
            // Some are longer than any message may be.
            let length = number % 100 == 99 ? 12_000 : Int.random(in: 0...20, using: &random)
            return (0..<length).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
    }()

    private static func records() throws -> [SpooledRecord] {
        try texts.enumerated().map { number, text in
            let json = String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
            return .envelope(
                Int64(number) + 1, type: "function.log", dataset: .serverlessLogs, account: #"a"b\c]d é"#,
                message: String(json.dropFirst().dropLast()))
        }
    }

    @Test(arguments: Way.allCases)
    func `1,000 nasty messages arrive as they are meant to, in every format`(way: Way) async throws {
        let records = try Self.records()
        for format: RecordFormat in [.envelope(), .ecs(), .ocsf(), .cef] {
            let options = SyslogMessageOptions(hostname: "collector1", format: format)
            let port = try way == .udp ? FreePort.udp() : FreePort.tcp()
            let host = ByteStream.Host(name: "127.0.0.1", port: port)
            let (input, destination): (String, SyslogSinkOptions.Destination) =
                switch way {
                case .tcp: (#"module(load="imtcp") input(type="imtcp""#, .tcp([host], .octetCounting))
                case .tcpWithLineFeeds: (#"module(load="imtcp") input(type="imtcp""#, .tcp([host], .newline))
                case .relp: (#"module(load="imrelp") input(type="imrelp" maxDataSize="64k""#, .relp([host]))
                case .udp: (#"module(load="imudp") input(type="imudp""#, .udp([host]))
                }
            let receiver = try SyslogReceiver(
                .rsyslog, SyslogRsyslogTests.common + input + #" address="127.0.0.1" port="\#(port)" ruleset="all")"#)
            try await receiver.start { FreePort.isTaken(port, way == .udp ? "udp" : "tcp") }
            let sink = try SyslogSink.sample(destination, options)
            // A few at a time, so that no datagram finds the receiver's buffer full.
            let size = way == .udp ? 20 : 1000
            for start in stride(from: 0, to: records.count, by: size) {
                let batch = Array(records[start..<min(records.count, start + size)])
                let delivery = await sink.deliver(Batch(records: batch))
                #expect(delivery.isAccepted)
                if way == .udp { _ = try await receiver.lines("raw", count: start + batch.count) }
            }
            await sink.close()
            let sent = SyslogEncoder.texts(records, options)
            expectSame(try await receiver.lines("raw", count: sent.count), sent)
            try Self.check(sent, format)
            receiver.stop()
        }
    }

    /// Whether what was sent means what was printed.
    private static func check(_ sent: [String], _ format: RecordFormat) throws {
        var shortened = 0
        for (number, line) in sent.enumerated() {
            let message = try SyslogMessage(Array(line.utf8))
            #expect(message.parameter("account") == #"a"b\c]d é"#)
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
            #expect(line.utf8.count <= 8192)
            guard format != .cef else {
                #expect(message.message.hasPrefix("CEF:"))
                continue
            }
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(message.message.utf8)) as? [String: Any])
            // An empty one may be left out.
            let text = object["message"] as? String ?? ""
            if text == texts[number] { continue }
            shortened += 1
            #expect(texts[number].unicodeScalars.starts(with: text.unicodeScalars.dropLast()))
        }
        #expect(format == .cef || shortened == 10)
    }
}
