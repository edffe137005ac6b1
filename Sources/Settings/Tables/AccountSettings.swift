/// `[[account]]`: a Twilio account, its credential, and what is collected from it.
package struct AccountSettings: Sendable, Equatable {
    /// The list of accounts can be read with the account's auth token or a main key only. Each subaccount is then
    /// collected with its own token, which the list gives: a key in `[account.events]` is for the account itself.
    package enum Subaccounts: String, Sendable, CaseIterable { case none, discover }

    package let name: String
    package let accountSID: String
    package let credential: TwilioCredential
    /// nil: Twilio's default, US1.
    package let location: TwilioLocation?
    /// The API that lists accounts, with edge and region in the host already.
    package let apiBaseURL: WebAddress
    package let subaccounts: Subaccounts
    /// By SID, friendly name or pattern.
    package let subaccountNames: GlobSelection
    /// How often the list of subaccounts is read.
    package let subaccountInterval: Duration
    package let network: NetworkSettings
    package let rateLimit: RateLimitSettings
    package let events: CollectionSettings
    package let logs: CollectionSettings
    package let alerts: CollectionSettings
    /// Which functions' logs are read; part of `[account.logs]`.
    package let functions: FunctionSelection
    package let origins: Origins

    package var collections: [CollectionSettings] { [events, logs, alerts] }

    /// Where a value is missing or faulty a stand-in is used: a load with faults returns nothing.
    init(_ reader: TableReader, network: NetworkSettings, rateLimit: RateLimitSettings) {
        reader.missing("name", "give the account a label of its own, like name = \"production\"")
        reader.missing("account_sid", "copy it from the Twilio console: `AC` and 32 hexadecimal digits")
        reader.missing("secret", "say where it is kept, like secret = \"credential:production\"")
        name = reader.label("name") ?? ""
        accountSID = reader.sid("account_sid", prefix: "AC", called: "account SID") ?? ""
        credential = TwilioCredential(
            keySID: reader.sid("key_sid", prefix: "SK", called: "API key SID"),
            secret: reader.secretReference("secret") ?? .environment(""),
            origin: reader.location(of: "secret"))
        location = TwilioLocation(reader)
        let mode = reader.choice("subaccounts", of: Subaccounts.self)
        subaccounts = mode ?? .none
        if subaccounts == .discover { reader.requires(.subaccountDiscovery, for: "subaccounts") }
        subaccountNames = reader.globSelection("subaccount_names") ?? .everything
        subaccountInterval =
            reader.duration("subaccount_interval", in: Self.subaccountIntervalBounds) ?? .minutes(15)
        Self.checkSubaccountKeys(reader, mode: mode)
        apiBaseURL = reader.webAddress("api_base_url") ?? WebAddress(product: "api", at: location)
        self.network = NetworkSettings(reader.table("network"), inheriting: network)
        let rateLimit = RateLimitSettings(reader.table("rate_limit"), inheriting: rateLimit)
        self.rateLimit = rateLimit
        let inherited = (credential, location, rateLimit)
        events = CollectionSettings(reader.table("events"), .events, inheriting: inherited, in: reader.context)
        let logs = reader.table("logs")
        functions = FunctionSelection(logs)
        self.logs = CollectionSettings(logs, .logs, inheriting: inherited, in: reader.context)
        alerts = CollectionSettings(reader.table("alerts"), .alerts, inheriting: inherited, in: reader.context)
        origins = reader.origins
        if !collections.contains(where: \.enabled) {
            let available = DatasetName.allCases.filter { $0 != .twilship }.filter(
                reader.context.capabilities.datasets.contains)
            reader.context.faults.add(
                reader.location,
                "nothing is collected from this account; enable \(available.map(\.rawValue).joined(separator: " or "))")
        }
        reader.finish()
    }

    private static let subaccountIntervalBounds = Duration.minutes(1)...Duration.days(1)

    /// A key without effect is a mistake. That `subaccounts` holds no word that it knows is told already.
    private static func checkSubaccountKeys(_ reader: TableReader, mode: Subaccounts?) {
        if mode == .discover || mode == nil && reader.has("subaccounts") { return }
        for key in ["subaccount_names", "subaccount_interval"] where reader.has(key) {
            reader.keyFault(key, "`\(key)` needs `subaccounts = \"discover\"` beside it")
        }
    }

    func write(to writer: inout TOMLWriter, network outerNetwork: NetworkSettings, rateLimit outer: RateLimitSettings) {
        writer.tableInArray("account")
        writer.key("name", name)
        writer.key("account_sid", accountSID)
        if let key = credential.keySID { writer.key("key_sid", key) }
        writer.key("secret", credential.secret.description)
        if let location {
            writer.key("edge", location.edge)
            writer.key("region", location.region)
        }
        writer.key("api_base_url", apiBaseURL.description)
        writer.key("subaccounts", subaccounts.rawValue)
        if subaccounts == .discover {
            writer.key("subaccount_names", subaccountNames.patterns)
            writer.key("subaccount_interval", subaccountInterval)
        }
        if network != outerNetwork { network.write(to: &writer, table: "account.network") }
        if rateLimit != outer { rateLimit.write(to: &writer, table: "account.rate_limit") }
        events.write(to: &writer, table: "account.events", account: self)
        logs.write(to: &writer, table: "account.logs", account: self)
        alerts.write(to: &writer, table: "account.alerts", account: self)
    }
}
