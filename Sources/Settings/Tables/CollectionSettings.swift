/// `[account.events]`, `[account.logs]`, `[account.alerts]`: how one kind of record is collected.
package struct CollectionSettings: Sendable, Equatable {
    package let dataset: DatasetName
    package let enabled: Bool
    package let pollInterval: Duration
    /// Records may come this late.
    package let overlap: Duration
    /// Ages at which every instant is read once more, growing.
    package let rereadAfter: [Duration]
    package let start: StartPoint
    package let pageSize: Int
    /// About this many records are read from Twilio in a day (UTC) at most: re-reads are put off first, then polls.
    /// nil: as many as there are.
    package let maximumReadsPerDay: Int?
    /// With edge and region in the host already.
    package let baseURL: WebAddress
    /// This dataset's own, or the account's.
    package let credential: TwilioCredential
    package let rateLimit: RateLimitSettings

    /// What a kind of record has for defaults.
    struct Kind {
        let dataset: DatasetName
        let product: String
        let enabled: Bool
        let pollInterval: Duration
        let overlap: Duration
        let start: Duration

        static let events = Kind(
            dataset: .monitorEvents, product: "monitor", enabled: true, pollInterval: .seconds(30),
            overlap: .minutes(10), start: .days(30))
        static let logs = Kind(
            dataset: .serverlessLogs, product: "serverless", enabled: true, pollInterval: .seconds(10),
            overlap: .minutes(5), start: .hours(24))
        static let alerts = Kind(
            dataset: .monitorAlerts, product: "monitor", enabled: false, pollInterval: .seconds(30),
            overlap: .minutes(10), start: .days(30))
    }

    /// Twilio keeps events for 30 days, with some editions for 13 months.
    private static let ageBounds = Duration.minutes(1)...Duration.days(400)
    private static let maximumRereads = 8
    /// A full page is the least that can be asked for; the upper bound only keeps sums within range.
    private static let readsBounds = 1_000...1_000_000_000_000

    init(
        _ reader: TableReader?, _ kind: Kind,
        inheriting account: (credential: TwilioCredential, location: TwilioLocation?, rateLimit: RateLimitSettings),
        in context: ReadingContext
    ) {
        let available = context.capabilities.datasets.contains(kind.dataset)
        let wanted = reader?.boolean("enabled")
        if wanted == true, !available {
            let known = context.capabilities.datasets.subtracting([.twilship])
            reader?.fault("enabled", Capabilities.refusal(of: kind.dataset, called: "dataset", among: known))
        }
        dataset = kind.dataset
        enabled = (wanted ?? kind.enabled) && available
        pollInterval = reader?.duration("poll_interval", in: .seconds(1)...Duration.days(1)) ?? kind.pollInterval
        overlap = reader?.duration("overlap", in: .zero...Duration.days(1)) ?? kind.overlap
        rereadAfter = reader.flatMap(Self.rereads) ?? [.hours(1), .hours(24)]
        start = reader.flatMap(Self.start) ?? .ago(kind.start)
        pageSize = reader?.integer("page_size", in: 1...1_000) ?? 1_000
        maximumReadsPerDay = reader?.integer("max_reads_per_day", in: Self.readsBounds)
        baseURL = Self.baseURL(reader, product: kind.product, account: account.location)
        credential = reader.map { Self.credential($0, account: account.credential) } ?? account.credential
        rateLimit = RateLimitSettings(reader?.table("rate_limit"), inheriting: account.rateLimit)
        reader?.finish()
    }

    private static func rereads(_ reader: TableReader) -> [Duration]? {
        guard let ages = reader.durations("reread_after", in: ageBounds, atMost: maximumRereads) else { return nil }
        if zip(ages, ages.dropFirst()).contains(where: { $0 >= $1 }) {
            reader.fault("reread_after", "`reread_after` must grow from one age to the next, like [\"1h\", \"24h\"]")
        }
        return ages
    }

    private static func start(_ reader: TableReader) -> StartPoint? {
        guard let value = reader.value("start") else { return nil }
        switch value.content {
        case .string(let text) where DurationText.duration(text) != nil:
            return reader.duration("start", in: ageBounds).map(StartPoint.ago)
        case .string(let text), .date(let text):
            if let instant = StartPoint.Instant(text) { return .instant(instant) }
            reader.fault(
                "start",
                "`start` is neither a duration nor an instant: \(text.quoted); "
                    + "write \"30d\", or with a time zone \"2026-01-31T00:00:00Z\"")
        default:
            reader.mismatch("start", "a duration like \"30d\" or an instant like \"2026-01-31T00:00:00Z\"", value)
        }
        return nil
    }

    private static func baseURL(_ reader: TableReader?, product: String, account: TwilioLocation?) -> WebAddress {
        let own = reader.flatMap(TwilioLocation.init)
        let given = reader?.webAddress("base_url")
        if let reader, reader.has("base_url"), reader.has("edge") || reader.has("region") {
            reader.fault("base_url", "`base_url` and `edge`/`region` exclude each other: both choose the host")
        }
        if let given { return given }
        return WebAddress(product: product, at: own ?? account)
    }

    private static func credential(_ reader: TableReader, account: TwilioCredential) -> TwilioCredential {
        let key = reader.sid("key_sid", prefix: "SK", called: "API key SID")
        let secret = reader.secretReference("secret")
        if reader.has("key_sid"), !reader.has("secret") {
            reader.fault("key_sid", "`key_sid` needs its own `secret` beside it; the account's belongs to another key")
        }
        return TwilioCredential(
            keySID: key ?? account.keySID, secret: secret ?? account.secret,
            origin: secret == nil ? account.origin : reader.location(of: "secret"))
    }

    func write(to writer: inout TOMLWriter, table: String, account: AccountSettings) {
        writer.table(table)
        writer.key("enabled", enabled)
        writer.key("poll_interval", pollInterval)
        writer.key("overlap", overlap)
        writer.key("reread_after", rereadAfter.map(DurationText.text))
        writer.key("start", start.text)
        writer.key("page_size", pageSize)
        if let maximumReadsPerDay { writer.key("max_reads_per_day", maximumReadsPerDay) }
        writer.key("base_url", baseURL.description)
        if credential != account.credential {
            if let key = credential.keySID { writer.key("key_sid", key) }
            writer.key("secret", credential.secret.description)
        }
        if dataset == .serverlessLogs { account.functions.write(to: &writer) }
        if rateLimit != account.rateLimit { rateLimit.write(to: &writer, table: "\(table).rate_limit") }
    }
}

/// Which services and environments are looked for, and how often.
package struct FunctionSelection: Sendable, Equatable {
    /// By SID, unique name or pattern.
    package let services: GlobSelection
    package let environments: GlobSelection
    package let discoveryInterval: Duration

    init(_ reader: TableReader?) {
        services = reader?.globSelection("services") ?? .everything
        environments = reader?.globSelection("environments") ?? .everything
        discoveryInterval =
            reader?.duration("discovery_interval", in: .seconds(10)...Duration.days(1)) ?? .minutes(5)
    }

    func write(to writer: inout TOMLWriter) {
        writer.key("services", services.patterns)
        writer.key("environments", environments.patterns)
        writer.key("discovery_interval", discoveryInterval)
    }
}
