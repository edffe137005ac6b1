/// `[[sink]]` with `type = "syslog"`: RFC 5424.
package struct SyslogSinkSettings: Sendable, Equatable {
    package enum Transport: String, Sendable, CaseIterable {
        case udp, tcp, tls, relp
        case relpTLS = "relp+tls"
        case unix

        package var isEncrypted: Bool { self == .tls || self == .relpTLS }
    }

    package enum Framing: String, Sendable, CaseIterable {
        case octetCounting = "octet-counting"
        case newline
    }

    /// Tried in order.
    package enum Addresses: Sendable, Equatable {
        case hosts([Endpoint])
        /// A socket's path, for `unix`.
        case path(String)
    }

    /// RFC 5424, table 1; the value is the facility's number.
    package enum Facility: String, Sendable, CaseIterable {
        case kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, ntp, audit, alert, clock
        case local0, local1, local2, local3, local4, local5, local6, local7

        package var code: Int { Self.allCases.firstIndex(of: self) ?? 16 }
    }

    package let addresses: Addresses
    package let transport: Transport
    /// Of tcp and tls only.
    package let framing: Framing
    package let facility: Facility
    /// nil: this host's.
    package let hostname: String?
    package let appName: String
    package let structuredDataID: String
    package let byteOrderMark: Bool
    package let maximumMessageBytes: Int
    /// Of tcp and tls only: how long a connection must stay healthy for what was sent to count.
    package let confirmAfter: Duration
    package let tls: TLSSettings?

    /// The longest header without structured data and the shortest record that still says something fit into the least.
    /// A UDP datagram holds 65,507.
    private static let messageBounds = 1_408...1 << 20
    private static let datagramBounds = 1_408...65_507

    init(_ reader: TableReader, batch: BatchSettings) {
        let transport = reader.choice("transport", of: Transport.self) ?? .tls
        self.transport = transport
        addresses = SyslogAddress.read(reader, transport: transport)
        framing = reader.choice("framing", of: Framing.self) ?? .octetCounting
        facility = reader.choice("facility", of: Facility.self) ?? .local0
        hostname = reader.string("hostname") { Self.refusal($0, longest: 255) }
        appName = reader.string("app_name") { Self.refusal($0, longest: 48) } ?? "twilship"
        structuredDataID = reader.string("sd_id", refuse: Self.refusalOfID) ?? "twilship@32473"
        byteOrderMark = reader.boolean("bom") ?? false
        let bounds = transport == .udp ? Self.datagramBounds : Self.messageBounds
        maximumMessageBytes = reader.size("max_message_bytes", in: bounds) ?? (transport == .udp ? 2_048 : 8_192)
        confirmAfter = reader.duration("confirm_after", in: .zero...Duration.minutes(5)) ?? .seconds(2)
        tls = reader.table("tls").map(TLSSettings.init)

        for key in ["framing", "confirm_after"] where reader.has(key) && transport != .tcp && transport != .tls {
            reader.fault(
                key, "`\(key)` is for transport = \"tcp\" or \"tls\"; with \"\(transport.rawValue)\" it has no meaning")
        }
        if reader.has("tls"), !transport.isEncrypted {
            reader.keyFault(
                "tls",
                "[sink.tls] has no effect with transport = \"\(transport.rawValue)\", which is not encrypted; "
                    + "use \"tls\" or \"relp+tls\"")
        }
        if batch.maximumBytes < maximumMessageBytes {
            reader.context.faults.add(
                batch.maximumBytesOrigin ?? reader.location(of: "max_message_bytes"),
                "`max_bytes` of the batch (\(ByteSize.text(batch.maximumBytes))) is less than `max_message_bytes` "
                    + "(\(ByteSize.text(maximumMessageBytes))): a batch must hold at least one message")
        }
    }

    /// RFC 5424 §6: HOSTNAME and APP-NAME are visible ASCII.
    private static func refusal(_ text: String, longest: Int) -> String? {
        text.isVisibleASCII && text.utf8.count <= longest
            ? nil : "must be visible ASCII characters without spaces, at most \(longest)"
    }

    /// RFC 5424 §6.3.2: SD-ID, of which a name of one's own needs an enterprise number.
    private static func refusalOfID(_ text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isGood =
            text.isVisibleASCII && text.utf8.count <= 32 && !text.contains { "=]\"".contains($0) } && parts.count == 2
            && !parts[0].isEmpty && !parts[1].isEmpty
            && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        return isGood
            ? nil : "must be a name and your private enterprise number, like \"twilship@32473\", at most 32 characters"
    }

    func write(to writer: inout TOMLWriter) {
        switch addresses {
        case .hosts(let hosts): writer.key("address", hosts.map(\.description))
        case .path(let path): writer.key("address", path)
        }
        writer.key("transport", transport.rawValue)
        if transport == .tcp || transport == .tls {
            writer.key("framing", framing.rawValue)
            writer.key("confirm_after", confirmAfter)
        }
        writer.key("facility", facility.rawValue)
        if let hostname { writer.key("hostname", hostname) }
        writer.key("app_name", appName)
        writer.key("sd_id", structuredDataID)
        writer.key("bom", byteOrderMark)
        writer.key("max_message_bytes", maximumMessageBytes)
    }
}

/// `address`: one, or a list; a path for unix sockets.
private enum SyslogAddress {
    private static let maximumAddresses = 16
    /// sockaddr_un's path has 108 bytes with its terminating zero.
    private static let longestSocketPath = 107

    static func read(_ reader: TableReader, transport: SyslogSinkSettings.Transport) -> SyslogSinkSettings.Addresses {
        let example = transport == .unix ? "\"/dev/log\"" : "\"siem.example.com:6514\""
        reader.missing("address", "write it like address = \(example)")
        let given: [(text: String, location: SourceLocation)]
        if case .array = reader.value("address")?.content {
            given = reader.strings("address", atMost: maximumAddresses) ?? []
            if case .array(let elements) = reader.value("address")?.content, elements.isEmpty {
                reader.fault("address", "`address` is empty; write it like \(example)")
            }
        } else {
            given = reader.string("address").map { [($0, reader.location(of: "address"))] } ?? []
        }
        return transport == .unix ? path(reader, given) : hosts(reader, given)
    }

    private static func path(
        _ reader: TableReader, _ given: [(text: String, location: SourceLocation)]
    ) -> SyslogSinkSettings.Addresses {
        if given.count > 1 { reader.fault("address", "transport = \"unix\" takes one path") }
        for (text, location) in given where !text.hasPrefix("/") || text.utf8.count > longestSocketPath {
            reader.context.faults.add(
                location,
                "`address` must be an absolute path of at most \(longestSocketPath) bytes with transport = \"unix\"")
        }
        return .path(given.first?.text ?? "")
    }

    private static func hosts(
        _ reader: TableReader, _ given: [(text: String, location: SourceLocation)]
    ) -> SyslogSinkSettings.Addresses {
        .hosts(
            given.compactMap { text, location in
                if let endpoint = Endpoint(text) { return endpoint }
                let advice =
                    text.hasPrefix("/")
                    ? "a path needs transport = \"unix\"" : "write it like \"siem.example.com:6514\""
                reader.context.faults.add(location, "`address` must be a host and a port; \(advice)")
                return nil
            })
    }
}
