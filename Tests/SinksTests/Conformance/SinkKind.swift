/// The kinds of sinks, each a column of the suite's table.
enum SinkKind: String, CaseIterable, Sendable {
    case tcp, tls, relp
    case relpTLS = "relp+tls"
    case udp, unix, webhook, splunk, elastic, file, stdout, journal

    var isHTTP: Bool { [.webhook, .splunk, .elastic].contains(self) }
    var isRelp: Bool { [.relp, .relpTLS].contains(self) }

    /// Whether nobody answers, so that an end is only felt by what its kernel takes.
    var isUnanswered: Bool { !isHTTP && !isRelp }
}

/// What the other end of a sink does, each a row of the suite's table.
enum EndBehaviour: String, CaseIterable, Sendable {
    case good
    /// Takes everything, in small pieces and with pauses.
    case slow
    case nobodyListens = "nobody listens"
    /// Says no to whatever it is given.
    case refusing
    /// Takes connections, and nothing more.
    case hanging
    /// Resets the connection when it has read everything.
    case resetting
    case garbage
    case strangeCertificate = "unknown authority"
    case certificateOfAnother = "another's certificate"
    case expiredCertificate = "expired certificate"
    case unknownName = "unknown name"
    /// Takes one batch, goes away, and is there again later.
    case comingBack = "coming back"

    var isAboutCertificates: Bool {
        [.strangeCertificate, .certificateOfAnother, .expiredCertificate].contains(self)
    }
}

/// What a sink has to report of a batch.
enum ExpectedOutcome: String, Sendable {
    /// Accepted, and there: each record once, in order.
    case arrives
    /// To be tried again; the reason names the place.
    case retry
    /// Held, since only a person can help; nothing was sent, and the reason names the place.
    case hold
    /// Accepted although nobody has it. Only best effort may do that.
    case unnoticed
    /// Does not apply.
    case none = "-"
}
