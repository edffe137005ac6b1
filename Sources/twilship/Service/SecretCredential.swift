import Foundation
import Logging
import PipelineCore
import Settings
import Synchronization
import Transport
import TwilioSources

/// A credential from the configuration: read anew when its file changes and when Twilio refuses it.
final class SecretCredential: CredentialProvider {
    /// How often its file is looked at.
    static let interval: Duration = .seconds(5)

    private struct State {
        var auth: BasicAuth
        var fingerprint: SecretFingerprint?
        var looked: ContinuousClock.Instant
        var hasFailed = false
    }

    private let user: String
    private let reference: SecretReference
    private let state: Mutex<State>
    private let logger: Logger
    private let environment = ProcessInfo.processInfo.environment

    /// - Throws: `SecretError` if the secret cannot be read.
    init(user: String, _ reference: SecretReference, logger: Logger) throws {
        self.user = user
        self.reference = reference
        self.logger = logger
        let fingerprint = reference.fingerprint(environment: environment)
        let secret = try reference.resolve(environment: environment)
        state = Mutex(
            State(auth: BasicAuth(user: user, password: secret.reveal()), fingerprint: fingerprint, looked: .now))
    }

    func current() throws(SourceError) -> BasicAuth {
        state.withLock { state in
            if state.looked.duration(to: .now) > Self.interval {
                state.looked = .now
                let fingerprint = reference.fingerprint(environment: environment)
                if fingerprint != state.fingerprint, reread(&state) {
                    logger.notice("the secret has changed and was read again", metadata: metadata)
                }
            }
            return state.auth
        }
    }

    func refresh() -> Bool {
        state.withLock { state in
            state.looked = .now
            return reread(&state)
        }
    }

    /// A secret that cannot be read changes nothing: the one at hand may still be good.
    /// - Returns: whether it is another one now.
    private func reread(_ state: inout State) -> Bool {
        // Taken before the file is read: a change in between is noticed next time.
        let fingerprint = reference.fingerprint(environment: environment)
        do {
            let secret = try reference.resolve(environment: environment)
            let auth = BasicAuth(user: user, password: secret.reveal())
            defer { state.auth = auth }
            state.fingerprint = fingerprint
            state.hasFailed = false
            return auth != state.auth
        } catch {
            if !state.hasFailed {
                var metadata = metadata
                metadata["reason"] = "\(error)"
                logger.error(
                    "the secret cannot be read again; the one read before is used on", metadata: metadata)
            }
            state.hasFailed = true
            return false
        }
    }

    private var metadata: Logger.Metadata { ["secret": "\(reference)", "user": "\(user)"] }
}
