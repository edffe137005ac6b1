import Forwarding
import Measuring
import PipelineCore
import Settings
import Synchronization
import Transport
import TwilioSources

/// What accounts share towards Twilio: transports, rate limits and circuits, one for each distinct setting.
final class NetworkPool: Sendable {
    /// What one rate limit is shared out by.
    struct Budget: Sendable {
        let limiter: RateLimiter
        let pacer: PollPacer
        let slots: PassSlots
    }

    /// On whose account a budget is used, and for what.
    struct BudgetUser: Hashable {
        /// The label.
        let account: String
        let accountSID: String
        /// A dataset, or `accounts` for the list of subaccounts.
        let api: String
    }

    private struct State {
        var transports: [TransportOptions: (transport: CurlTransport, authorities: SecretFingerprint?)] = [:]
        var budgets: [String: Budget] = [:]
        var users: [BudgetUser: Set<String>] = [:]
        var gates: [String: CredentialGate] = [:]
        var configured: Set<String>
    }

    let clock: any PipelineClock
    /// For the pages of all streams.
    let memory = MemoryBudget()
    let accounts = KnownAccounts()
    /// Requests by account, API and status.
    let requests = CounterRegistry()
    private let pulse: Pulse?
    private let state: Mutex<State>

    /// SIDs of the accounts that have a table of their own.
    var configured: Set<String> {
        get { state.withLock(\.configured) }
        set { state.withLock { $0.configured = newValue } }
    }

    /// - Parameter pulse: for the threads of transports.
    init(configured: Set<String> = [], clock: any PipelineClock, pulse: Pulse? = nil) {
        self.clock = clock
        self.pulse = pulse
        state = Mutex(State(configured: configured))
    }

    /// - Throws: `TransportError`.
    func transport(_ network: NetworkSettings, for address: WebAddress) throws -> CurlTransport {
        let options = TransportOptions(network, for: address)
        // libcurl keeps the authorities that it has read.
        let authorities = options.caFile.flatMap { SecretFingerprint(path: $0) }
        return try state.withLock { state in
            if let known = state.transports[options], known.authorities == authorities { return known.transport }
            let transport = try CurlTransport(options, watch: pulse?.watch("HTTP client of accounts"))
            state.transports[options] = (transport, authorities)
            return transport
        }
    }

    /// Lets go of an account, and of its subaccounts, that is not collected any more, or with other settings. Its rate
    /// limits and circuits stay, for the case that it comes back.
    func release(_ sids: Set<String>) {
        state.withLock { state in state.users = state.users.filter { !sids.contains($0.key.accountSID) } }
        for sid in sids { accounts.remove(sid) }
    }

    /// Lets go of what no account uses any more; transports end with their last request.
    func prune(keeping accounts: [AccountSettings]) {
        let wanted = Set(
            accounts.flatMap { account in
                (account.collections.map(\.baseURL) + [account.apiBaseURL]).map {
                    TransportOptions(account.network, for: $0)
                }
            })
        state.withLock { state in
            state.transports = state.transports.filter { wanted.contains($0.key) }
            let used = Set(state.users.values.joined())
            state.budgets = state.budgets.filter { used.contains($0.key) }
        }
    }

    /// The budget for requests of an account, environment or credential, whatever Twilio counts together.
    /// - Parameter user: of the credential.
    func budget(
        _ limit: RateLimitSettings, for whom: BudgetUser, user: String, environment: String?, address: WebAddress
    ) -> Budget {
        let scope =
            switch limit.scope {
            case .account: whom.accountSID
            case .credential: user
            case .environment: environment ?? whom.accountSID
            }
        let key = "\(scope) \(address.origin) \(limit.requestsPerSecond) \(limit.burst)"
        return state.withLock { state in
            state.users[whom, default: []].insert(key)
            if let budget = state.budgets[key] { return budget }
            let limiter = RateLimiter(
                requestsPerSecond: limit.requestsPerSecond, burst: limit.burst, clock: clock)
            let budget = Budget(
                limiter: limiter, pacer: PollPacer(clock: clock) { limiter.current }, slots: PassSlots())
            state.budgets[key] = budget
            return budget
        }
    }

    /// How fast each API of each account may be asked now, in a fixed order.
    var rates: [RuntimeReport.Rate] {
        let users = state.withLock { state in
            state.users.mapValues { keys in keys.compactMap { state.budgets[$0]?.limiter } }
        }
        return users.compactMap { whom, limiters in
            let rates = limiters.map { (now: $0.current, configured: $0.configured, used: $0.usedShare) }
            guard let lowest = rates.min(by: { $0.now < $1.now }) else { return nil }
            return RuntimeReport.Rate(
                account: whom.account, account_sid: whom.accountSID, api: whom.api, configured: lowest.configured,
                now: lowest.now, limits: rates.count, slowed: rates.count { $0.now < $0.configured },
                used: rates.map(\.used).max())
        }.sorted { ($0.account, $0.account_sid, $0.api) < ($1.account, $1.account_sid, $1.api) }
    }

    /// The circuit of one credential at one host.
    func gate(user: String, address: WebAddress) -> CredentialGate {
        state.withLock { state in
            let key = "\(user) \(address.origin)"
            if let gate = state.gates[key] { return gate }
            let gate = CredentialGate(clock: clock)
            state.gates[key] = gate
            return gate
        }
    }

    func shutdown() async {
        for transport in state.withLock({ $0.transports.values.map(\.transport) }) {
            await transport.shutdown()
        }
    }
}

/// Whose records can be asked for now: the accounts of the configuration, and subaccounts as they are found.
final class KnownAccounts: Sendable {
    struct Account: Sendable {
        let settings: AccountSettings
        let identity: AccountIdentity
    }

    private let accounts = Mutex<[String: Account]>([:])

    /// By name.
    var all: [Account] { accounts.withLock { Array($0.values) }.sorted { $0.identity.name < $1.identity.name } }

    /// One with a table of its own is not replaced by what a search for subaccounts has found.
    func add(_ settings: AccountSettings, _ identity: AccountIdentity) {
        accounts.withLock { accounts in
            let known = accounts[identity.sid]
            if known?.settings.accountSID == identity.sid, settings.accountSID != identity.sid { return }
            accounts[identity.sid] = Account(settings: settings, identity: identity)
        }
    }

    func remove(_ sid: String) {
        accounts.withLock { $0[sid] = nil }
    }
}
