import Logging
import PipelineCore
import Settings
import Transport
import TwilioSources

/// A credential from the configuration, as Twilio is shown it.
final class SecretCredential: CredentialProvider {
    private let user: String
    private let secret: WatchedSecret

    /// - Throws: `SecretError` if the secret cannot be read.
    init(user: String, _ reference: SecretReference, logger: Logger) throws {
        var logger = logger
        logger[metadataKey: "user"] = "\(user)"
        self.user = user
        secret = try WatchedSecret(reference, logger: logger)
    }

    func current() throws(SourceError) -> BasicAuth {
        BasicAuth(user: user, password: secret.current().reveal())
    }

    func refresh() -> Bool { secret.refresh() }
}
