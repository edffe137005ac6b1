import Forwarding
import Settings
import Synchronization

/// What is collected and delivered now, and the configuration that asks for it; a reload changes both.
final class CurrentParts: Sendable {
    struct Contents: Sendable {
        var settings: ResolvedSettings
        /// By account SID, so that an account can be renamed.
        var accounts: [String: AccountPart] = [:]
        /// By name.
        var sinks: [String: SinkPart] = [:]
    }

    private let contents: Mutex<Contents>

    init(_ settings: ResolvedSettings) {
        contents = Mutex(Contents(settings: settings))
    }

    var now: Contents { contents.withLock { $0 } }

    func change(_ change: (inout Contents) -> Void) {
        contents.withLock { change(&$0) }
    }
}

/// An account's part: its streams, and what finds more of them.
struct AccountPart: Sendable {
    let stamp: PartStamp<AccountSettings>
    let fleet: Fleet
}

/// A sink's part.
struct SinkPart: Sendable {
    let stamp: PartStamp<SinkSettings>
    let dispatcher: Dispatcher
}

/// What a part was made of: its settings, and the secrets and certificates that they name, as they were then.
///
/// With another stamp another part is needed: libcurl and TLS keep what they have read, and who waits because a secret
/// was refused is to try a new one at once.
struct PartStamp<PartSettings: Sendable & Equatable>: Sendable, Equatable {
    let settings: PartSettings
    /// As they were, not the files they came from: systemd makes those of credentials anew at each reload.
    private let secrets: [SecretReference: Secret]
    private let certificates: [String: SecretFingerprint]

    fileprivate init(
        _ settings: PartSettings, secrets: [SecretReference], certificates: [String?], _ environment: [String: String]
    ) {
        self.settings = settings
        self.secrets = Dictionary(
            secrets.compactMap { secret in
                (try? secret.resolve(environment: environment)).map { (secret, $0) }
            }, uniquingKeysWith: { first, _ in first })
        self.certificates = Dictionary(
            certificates.compactMap { path in
                path.flatMap { path in SecretFingerprint(path: path).map { (path, $0) } }
            }, uniquingKeysWith: { first, _ in first })
    }
}

extension PartStamp<AccountSettings> {
    init(_ account: AccountSettings, _ environment: [String: String]) {
        var secrets = account.collections.filter(\.enabled).map(\.credential.secret)
        if account.subaccounts == .discover { secrets.append(account.credential.secret) }
        self.init(account, secrets: secrets, certificates: [account.network.caFile], environment)
    }
}

extension PartStamp<SinkSettings> {
    init(_ sink: SinkSettings, _ environment: [String: String]) {
        var secrets: [SecretReference] = []
        var certificates: [String?] = []
        switch sink.kind {
        case .syslog(let syslog): certificates = syslog.tls?.files ?? []
        case .http(let http):
            certificates = (http.tls?.files ?? []) + [http.network.caFile]
            switch http.authentication {
            case .none: break
            case .token(let secret), .basic(_, let secret): secrets.append(secret)
            }
            if let signature = http.signature { secrets.append(signature.secret) }
            for header in http.headers {
                if case .secret(let secret) = header.value { secrets.append(secret) }
            }
        case .file, .stdout, .journal: break
        }
        self.init(sink, secrets: secrets, certificates: certificates, environment)
    }
}

extension TLSSettings {
    fileprivate var files: [String?] { [caFile, certificateFile, keyFile] }
}
