import Forwarding
import PipelineCore
import Settings
import Synchronization
import Transport
import TwilioSources

/// The labels of subaccounts: `parent/FRIENDLY-NAME`, made safe for paths, logs and filters, and unique.
enum SubaccountNames {
    static let longest = 64

    /// - Returns: labels by SID. A name that several have, or that is empty once it is safe, gets the end of the SID.
    static func unique(_ accounts: [(sid: String, friendlyName: String)], parent: String) -> [String: String] {
        let safe = accounts.map { (sid: $0.sid, name: Self.safe($0.friendlyName)) }
        let counts = Dictionary(safe.map { ($0.name, 1) }, uniquingKeysWith: +)
        return Dictionary(
            safe.map { sid, name in
                let label =
                    counts[name] == 1 && !name.isEmpty
                    ? name : [name, sid].filter { !$0.isEmpty }.joined(separator: "-")
                return (sid, "\(parent)/\(label)")
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Letters, digits, `-`, `_` and `.`; runs of anything else become one `-`.
    private static func safe(_ name: String) -> String {
        var safe = ""
        for scalar in name.unicodeScalars {
            if scalar.isASCII,
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar)
            {
                safe.unicodeScalars.append(scalar)
            } else if !safe.isEmpty, !safe.hasSuffix("-") {
                safe.append("-")
            }
            if safe.utf8.count >= longest { break }
        }
        while safe.hasSuffix("-") { safe.removeLast() }
        return safe.contains { $0 != "." } ? safe : ""
    }
}

/// Looks for the active subaccounts of an account.
struct SubaccountSearch: Sendable {
    let line: APILine
    let budget: NetworkPool.Budget
    private let settings: AccountSettings
    private let network: NetworkPool
    let parent: AccountIdentity
    private let tokens = SubaccountTokens()

    /// - Throws: `TransportError`.
    init(_ settings: AccountSettings, _ identity: AccountIdentity, _ network: NetworkPool) throws {
        guard let credential = identity.credential(for: nil) else {
            preconditionFailure(
                "an identity from the configuration has this credential when subaccounts are looked for")
        }
        budget = network.budget(
            settings.rateLimit, for: identity.budgetUser("accounts"), user: credential.user, environment: nil,
            address: settings.apiBaseURL)
        let api = TwilioAPI(
            baseURL: try HTTPURL(settings.apiBaseURL.description), credential: credential.provider,
            transport: CountedTransport(
                try network.transport(settings.network, for: settings.apiBaseURL), identity.budgetUser("accounts"),
                in: network.requests),
            limiter: budget.limiter,
            gate: network.gate(user: credential.user, address: settings.apiBaseURL), clock: network.clock)
        line = api.line(for: "\(identity.sid) subaccounts")
        self.settings = settings
        self.network = network
        parent = identity
    }

    /// - Parameter bell: rung when Twilio refuses a subaccount's token.
    func subaccounts(_ bell: Bell) async throws(SourceError) -> [AccountIdentity] {
        // One that is configured by itself is collected as that says.
        let active = try await AccountDirectory(line: line, accountSID: parent.sid).subaccounts().filter {
            $0.status == "active" && !network.configured.contains($0.sid)
                && settings.subaccountNames.selects($0.sid, $0.friendlyName)
        }
        let names = SubaccountNames.unique(active.map { ($0.sid, $0.friendlyName) }, parent: parent.name)
        return active.compactMap { account in
            tokens.credential(of: account, bell).map { credential in
                AccountIdentity(
                    name: names[account.sid] ?? account.sid, sid: account.sid, credential: credential, like: settings)
            }
        }
    }
}

/// The tokens of subaccounts, as the last search had them; in memory only.
final class SubaccountTokens: Sendable {
    private let held = Mutex<[String: HeldCredential]>([:])

    /// The account's credential, with today's token.
    /// - Returns: nil if Twilio gave no token.
    func credential(of account: DiscoveredAccount, _ bell: Bell) -> HeldCredential? {
        guard let token = account.authToken else { return nil }
        let auth = BasicAuth(user: account.sid, password: token.value)
        return held.withLock { held in
            if let credential = held[account.sid] {
                credential.set(auth)
                return credential
            }
            let credential = HeldCredential(auth) { bell.ring(account.sid) }
            held[account.sid] = credential
            return credential
        }
    }
}

/// A token in memory; when Twilio refuses it, accounts are searched again.
final class HeldCredential: CredentialProvider {
    private let auth: Mutex<BasicAuth>
    private let whenRefused: @Sendable () -> Void

    init(_ auth: BasicAuth, whenRefused: @escaping @Sendable () -> Void) {
        self.auth = Mutex(auth)
        self.whenRefused = whenRefused
    }

    func set(_ auth: BasicAuth) {
        self.auth.withLock { $0 = auth }
    }

    func current() throws(SourceError) -> BasicAuth { auth.withLock { $0 } }

    func refresh() -> Bool {
        whenRefused()
        return false
    }
}
