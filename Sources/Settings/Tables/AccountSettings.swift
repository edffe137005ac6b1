/// `[[account]]`: a Twilio account, its credential, and what is collected from it.
package struct AccountSettings: Sendable, Equatable {
    package enum Subaccounts: String, Sendable, CaseIterable { case none, discover }

    package let name: String
    package let accountSID: String
    package let credential: TwilioCredential
    /// nil: Twilio's default, US1.
    package let location: TwilioLocation?
    package let subaccounts: Subaccounts
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
        subaccounts = reader.choice("subaccounts", of: Subaccounts.self) ?? .none
        if subaccounts == .discover { reader.requires(.subaccountDiscovery, for: "subaccounts") }
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
        writer.key("subaccounts", subaccounts.rawValue)
        if network != outerNetwork { network.write(to: &writer, table: "account.network") }
        if rateLimit != outer { rateLimit.write(to: &writer, table: "account.rate_limit") }
        events.write(to: &writer, table: "account.events", account: self)
        logs.write(to: &writer, table: "account.logs", account: self)
        alerts.write(to: &writer, table: "account.alerts", account: self)
    }
}

/// The account's auth token, or an API key with its secret.
package struct TwilioCredential: Sendable, Equatable {
    /// nil: the account SID is the user name, and the secret its auth token.
    package let keySID: String?
    package let secret: SecretReference
    /// Where the secret is named.
    package let origin: SourceLocation

    package static func == (left: Self, right: Self) -> Bool {
        (left.keySID, left.secret) == (right.keySID, right.secret)
    }
}

/// Twilio's edge and region. Never one alone: a region without an edge is processed in US1.
package struct TwilioLocation: Sendable, Equatable {
    package let edge: String
    package let region: String

    /// nil if neither is written, or there was a fault.
    init?(_ reader: TableReader) {
        let edge = reader.string("edge", refuse: Self.refusal)
        let region = reader.string("region", refuse: Self.refusal)
        if reader.has("edge") != reader.has("region") {
            let present = reader.has("edge") ? "edge" : "region"
            let absent = present == "edge" ? "region" : "edge"
            reader.fault(
                present, "`\(present)` needs `\(absent)` beside it: Twilio would process one alone in US1 in silence")
        }
        guard let edge, let region else { return nil }
        self.edge = edge
        self.region = region
    }

    private static func refusal(_ text: String) -> String? {
        let isLabel = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-")
        }
        return isLabel && !text.hasPrefix("-") && !text.hasSuffix("-") && text.utf8.count <= 32
            ? nil : "must be a name in lower case, like \"dublin\" (edge) or \"ie1\" (region)"
    }
}
