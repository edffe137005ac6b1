import ArgumentParser
import Settings
import Sinks

/// Where records go.
extension Beginning {
    mutating func sink() async throws {
        var (asks, again) = (true, false)
        while true {
            if asks { draft.sink = try askForSink(again: again) }
            (asks, again) = (false, true)
            guard !options.noTry else { return }
            var findings = try await trySink(sendsTest: options.sendTest)
            if !findings.contains(where: \.isInTheWay), try wantsTest() {
                findings = try await trySink(sendsTest: true)
            }
            guard findings.contains(where: \.isInTheWay) else { return }
            guard let input else {
                let isRefused = !findings.contains { $0.level == .failure }
                throw CommandRefusal(
                    exit: (isRefused ? Exit.permission : Exit.unavailable).rawValue,
                    sentence: "the sink does not work; --no-try writes the configuration without trying")
            }
            switch try input.choose(
                "What now?", [("again", "try again"), ("change", "answer anew"), ("keep", "keep it as it is")],
                default: "again")
            {
            case "keep": return
            case "change": asks = true
            default: break
            }
        }
    }

    private func trySink(sendsTest: Bool) async throws -> [Finding] {
        let settings = try resolved()
        Terminal.progress(WorkProgress(done: nil, text: "trying the sink ..."))
        let findings = await SinkTrial(sink: settings.sinks[0], sendsTest: sendsTest, clock: clock, logger: logger)
            .run()
        Terminal.endProgress()
        for finding in findings { say(finding) }
        return findings
    }

    /// Only the other end shows whether what arrives there is whole.
    private func wantsTest() throws -> Bool {
        guard let input, !options.sendTest else { return false }
        if case .file = draft.sink { return false }
        return try input.confirm("Send a record there that says that it is a test?", default: false)
    }

    private mutating func askForSink(again: Bool) throws -> Draft.Sink {
        let types = [
            ("file", "files of JSON lines, rotated"),
            ("syslog", "syslog (RFC 5424), over TLS, TCP, RELP, UDP or a socket"),
            ("http", "HTTP: a webhook, Splunk's HTTP Event Collector, or Elasticsearch"),
        ]
        let given = again && input != nil ? nil : options.sink?.rawValue
        let type = try given ?? input?.choose("\nWhere do records go?", types, default: "file") ?? "file"
        switch type {
        case "syslog": return try syslog(again: again)
        case "http": return try http(again: again)
        default: return try file(again: again)
        }
    }

    private func file(again: Bool) throws -> Draft.Sink {
        let path = try answer(
            "--path", options.path, again: again, "Path, with {account} {dataset} {date}",
            default: place.logDirectory + "/{account}/{dataset}.jsonl"
        ) { path in draft.refusal { $0.sink = .file(path: path) } }
        return .file(path: path)
    }

    private func syslog(again: Bool) throws -> Draft.Sink {
        let transports = SyslogSinkSettings.Transport.allCases.map(\.rawValue)
        let transport: String
        if let given = options.transport, !again || input == nil {
            guard transports.contains(given) else {
                throw CommandRefusal.usage("--transport is one of \(transports.joined(separator: ", "))")
            }
            transport = given
        } else {
            let texts = [
                ("tls", "TLS"), ("relp+tls", "RELP over TLS: acknowledged"), ("relp", "RELP: acknowledged"),
                ("tcp", "TCP"), ("udp", "UDP: what is lost is lost"), ("unix", "a socket of this machine"),
            ]
            transport = try input?.choose("How?", texts, default: "tls") ?? "tls"
        }
        let isUnix = transport == "unix"
        let address = try answer(
            "--address", options.address, again: again,
            isUnix ? "Path of the socket" : "Host and port of the receiver (siem.example.com:6514)",
            default: isUnix ? "/dev/log" : nil
        ) { address in
            draft.refusal { $0.sink = .syslog(transport: transport, address: address, caFile: nil) }
        }
        let caFile = try authorities(again: again, isEncrypted: transport.hasSuffix("tls"))
        return .syslog(transport: transport, address: address, caFile: caFile)
    }

    private mutating func http(again: Bool) throws -> Draft.Sink {
        let presets = [
            ("generic", "a webhook: JSON lines by POST"), ("splunk_hec", "Splunk's HTTP Event Collector"),
            ("elastic_bulk", "Elasticsearch"),
        ]
        let preset: String
        if let given = options.preset, !again || input == nil {
            guard presets.map(\.0).contains(given) else {
                throw CommandRefusal.usage("--preset is one of \(presets.map(\.0).joined(separator: ", "))")
            }
            preset = given
        } else {
            preset = try input?.choose("What is there?", presets, default: "generic") ?? "generic"
        }
        let url = try answer("--url", options.url, again: again, "URL", default: nil) { url in
            draft.refusal { $0.sink = .http(preset: preset, url: url, hasToken: true, caFile: nil) }
        }
        let isNeeded = preset != "generic"
        let token = try secret(
            options.token, again: again, isNeeded ? "Token" : "Bearer token; Enter for none", mayBeEmpty: !isNeeded)
        secrets[.sink] = token
        let isEncrypted = !url.lowercased().hasPrefix("http:")
        let caFile = try authorities(again: again, isEncrypted: isEncrypted)
        return .http(preset: preset, url: url, hasToken: token != nil, caFile: caFile)
    }

    private func authorities(again: Bool, isEncrypted: Bool) throws -> String? {
        guard isEncrypted else { return nil }
        let path = try answer(
            "--ca-file", options.caFile, again: again,
            "File of the authority that vouches for it (Enter: the system's)", default: ""
        ) { path in
            path.isEmpty
                ? nil
                : draft.refusal { $0.sink = .syslog(transport: "tls", address: "siem.example.com:6514", caFile: path) }
        }
        return path.isEmpty ? nil : path
    }
}

extension Finding {
    fileprivate var isInTheWay: Bool { level == .failure || level == .refusal }
}
