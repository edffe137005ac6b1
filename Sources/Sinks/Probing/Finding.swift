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
        if case .clientCertificateRefused = error {
            self.init(.refusal, error.advised)
        } else {
            self.init(.failure, error.advised)
        }
    }
}
