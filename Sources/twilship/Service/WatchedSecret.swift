import Foundation
import Logging
import PipelineCore
import Settings
import Synchronization

/// A secret from the configuration: read anew when its file changes and when it is refused.
final class WatchedSecret: Sendable {
    /// How often its file is looked at.
    static let interval: Duration = .seconds(5)

    private struct State {
        var secret: Secret
        var fingerprint: SecretFingerprint?
        var looked: ContinuousClock.Instant
        var hasFailed = false
    }

    private let reference: SecretReference
    private let state: Mutex<State>
    private let logger: Logger
    private let environment = ProcessInfo.processInfo.environment

    /// - Parameter logger: names in its metadata whose secret it is.
    /// - Throws: `SecretError` if the secret cannot be read.
    init(_ reference: SecretReference, logger: Logger) throws {
        var logger = logger
        logger[metadataKey: "secret"] = "\(reference)"
        self.reference = reference
        self.logger = logger
        let fingerprint = reference.fingerprint(environment: environment)
        let secret = try reference.resolve(environment: environment)
        state = Mutex(State(secret: secret, fingerprint: fingerprint, looked: .now))
    }

    func current() -> Secret {
        state.withLock { state in
            if state.looked.duration(to: .now) > Self.interval {
                state.looked = .now
                let fingerprint = reference.fingerprint(environment: environment)
                if fingerprint != state.fingerprint, reread(&state) {
                    logger.notice(
                        "the secret has changed and was read again",
                        metadata: ["message_id": "\(LogKind.secretChanged)"])
                }
            }
            return state.secret
        }
    }

    /// Reads it now.
    /// - Returns: whether it is another one now.
    func refresh() -> Bool {
        state.withLock { state in
            state.looked = .now
            return reread(&state)
        }
    }

    /// A secret that cannot be read changes nothing: the one at hand may still be good.
    private func reread(_ state: inout State) -> Bool {
        // Taken before the file is read: a change in between is noticed next time.
        let fingerprint = reference.fingerprint(environment: environment)
        do {
            let secret = try reference.resolve(environment: environment)
            defer { state.secret = secret }
            state.fingerprint = fingerprint
            state.hasFailed = false
            return secret != state.secret
        } catch {
            if !state.hasFailed {
                logger.error(
                    "the secret cannot be read again; the one read before is used on",
                    metadata: ["message_id": "\(LogKind.secretUnreadable)", "reason": "\(error)"])
            }
            state.hasFailed = true
            return false
        }
    }
}
