package import Transport

/// One thing that trying a sink has shown, as a sentence for people.
package struct Finding: Sendable, Hashable {
    package enum Level: Sendable, Hashable {
        case fine
        /// What cannot be tried, and how to know.
        case note
        /// It works, and somebody should see to it.
        case warning
        /// It does not work.
        case failure
        /// The other end knows us and does not let us.
        case refusal
    }

    package let level: Level
    /// May hold the other end's words: to be shown safely.
    package let text: String

    package init(_ level: Level, _ text: String) {
        self.level = level
        self.text = text
    }

    /// Why there is no connection.
    package init(_ error: TransportError) {
        switch error {
        case .clientCertificateRefused:
            self.init(.refusal, "\(error). Check cert_file and key_file, and that the other end knows their CA.")
        case .certificateRefused:
            self.init(
                .failure,
                "\(error). Give the CA that signed it as ca_file in [sink.tls], or the name that it has as "
                    + "server_name; if it has expired, it must be renewed there.")
        default: self.init(.failure, "\(error)")
        }
    }
}
