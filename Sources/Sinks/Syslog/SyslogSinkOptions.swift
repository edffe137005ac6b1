package import Formatting
package import Transport

/// What a syslog sink is told by the configuration.
package struct SyslogSinkOptions: Sendable, Hashable {
    package enum Destination: Sendable, Hashable {
        /// RFC 5426: one message to a datagram.
        case udp([ByteStream.Host])
        /// RFC 6587.
        case tcp([ByteStream.Host], SyslogFraming)
        /// RFC 5425.
        case tls([ByteStream.Host], ByteStream.TLS, SyslogFraming)
        case relp([ByteStream.Host])
        case relpTLS([ByteStream.Host], ByteStream.TLS)
        /// A socket's path, like `/dev/log`: datagrams, or a stream where the other end wants one.
        case unix(path: String)
    }

    /// Tried in order.
    package var destination: Destination
    package var message: SyslogMessageOptions
    /// Of tcp and tls: how long a connection must stay healthy, after the other end's kernel has the bytes, for them to count.
    package var confirmAfter: Duration
    package var timeouts: SyslogTimeouts

    package init(
        destination: Destination, message: SyslogMessageOptions, confirmAfter: Duration = .seconds(2),
        timeouts: SyslogTimeouts = SyslogTimeouts()
    ) {
        self.destination = destination
        self.message = message
        self.confirmAfter = confirmAfter
        self.timeouts = timeouts
    }
}

/// What every message says of the sender (RFC 5424, section 6).
package struct SyslogMessageOptions: Sendable, Hashable {
    /// As RFC 5424, table 1, numbers it: 0...23.
    package var facility: Int
    /// Visible ASCII, at most 255; nil: this host's name.
    package var hostname: String?
    /// Visible ASCII, at most 48.
    package var appName: String
    /// With an enterprise number, at most 32.
    package var structuredDataID: String
    /// Whether MSG begins with the byte order mark that announces UTF-8.
    package var byteOrderMark: Bool
    /// Of one message without its frame.
    package var maximumBytes: Int
    package var format: RecordFormat

    package init(
        facility: Int = 16, hostname: String? = nil, appName: String = "twilship",
        structuredDataID: String = "twilship@32473", byteOrderMark: Bool = false, maximumBytes: Int = 8192,
        format: RecordFormat = .envelope()
    ) {
        precondition((0...23).contains(facility))
        self.facility = facility
        self.hostname = hostname
        self.appName = appName
        self.structuredDataID = structuredDataID
        self.byteOrderMark = byteOrderMark
        self.maximumBytes = maximumBytes
        self.format = format
    }
}

/// The longest that each step may take.
package struct SyslogTimeouts: Sendable, Hashable {
    /// Name lookup, connection and TLS handshake, for each address.
    package var connect: Duration = .seconds(10)
    /// How long the other end may take nothing and acknowledge nothing while something is due.
    package var stall: Duration = .seconds(90)
    /// How long `close` waits for what is unconfirmed.
    package var close: Duration = .seconds(5)

    package init() {}
}
