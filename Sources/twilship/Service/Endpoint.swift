import Forwarding
import PipelineCore
import Settings
import Spooling
import Transport
import TwilioSources

/// One API of one account: what its streams have in common.
struct Endpoint: Sendable {
    let identity: AccountIdentity
    let collection: CollectionSettings
    let dataset: PipelineCore.Dataset
    let api: TwilioAPI
    let budget: NetworkPool.Budget
    let sharing: Ingestor.Sharing
    private let user: String
    private let makeAPI: @Sendable (RateLimiter) -> TwilioAPI

    /// - Parameter allowance: what `max_reads_per_day` leaves; nil without one, and for who only looks.
    /// - Throws: `TransportError`.
    init(
        _ collection: CollectionSettings, _ dataset: PipelineCore.Dataset, of account: AccountSettings,
        _ identity: AccountIdentity, network: NetworkPool, allowance: ReadAllowance? = nil
    ) throws {
        guard let credential = identity.credential(for: collection.dataset) else {
            preconditionFailure("an identity has a credential for everything that is enabled")
        }
        let budget = network.budget(
            collection.rateLimit, for: identity.budgetUser(dataset.rawValue), user: credential.user, environment: nil,
            address: collection.baseURL)
        let transport = CountedTransport(
            try network.transport(account.network, for: collection.baseURL), identity.budgetUser(dataset.rawValue),
            in: network.requests)
        let baseURL = try HTTPURL(collection.baseURL.description)
        self.init(
            identity: identity, collection: collection, dataset: dataset, budget: budget, user: credential.user,
            sharing: Ingestor.Sharing(
                pacer: budget.pacer, slots: budget.slots, memory: network.memory, troubles: TroubleLog(),
                allowance: allowance),
            makeAPI: { limiter in
                TwilioAPI(
                    baseURL: baseURL, credential: credential.provider, transport: transport, limiter: limiter,
                    gate: network.gate(user: credential.user, address: collection.baseURL), clock: network.clock)
            })
    }

    private init(
        identity: AccountIdentity, collection: CollectionSettings, dataset: PipelineCore.Dataset,
        budget: NetworkPool.Budget, user: String, sharing: Ingestor.Sharing,
        makeAPI: @escaping @Sendable (RateLimiter) -> TwilioAPI
    ) {
        self.identity = identity
        self.collection = collection
        self.dataset = dataset
        self.budget = budget
        self.user = user
        self.sharing = sharing
        self.makeAPI = makeAPI
        api = makeAPI(budget.limiter)
    }

    /// The same with the environment's own rate limit, if that is how Twilio counts.
    func scoped(to environment: String, _ network: NetworkPool) -> Endpoint {
        guard collection.rateLimit.scope == .environment else { return self }
        let budget = network.budget(
            collection.rateLimit, for: identity.budgetUser(dataset.rawValue), user: user, environment: environment,
            address: collection.baseURL)
        return Endpoint(
            identity: identity, collection: collection, dataset: dataset, budget: budget, user: user,
            sharing: Ingestor.Sharing(
                pacer: budget.pacer, slots: budget.slots, memory: network.memory, troubles: sharing.troubles,
                allowance: sharing.allowance),
            makeAPI: makeAPI)
    }

    /// - Parameter environment: nil for streams of the account itself.
    func ingestor(
        _ environment: DiscoveredEnvironment?, _ surroundings: Ingestor.Surroundings,
        whenGone: @escaping @Sendable () -> Void = {}
    ) -> Ingestor {
        Ingestor(stream: stream(environment), sharing: sharing, surroundings: surroundings, whenGone: whenGone)
    }

    /// - Parameter environment: nil for streams of the account itself.
    func stream(_ environment: DiscoveredEnvironment?) -> Ingestor.Stream {
        let key = StreamKey(
            accountSID: identity.sid, dataset: dataset, host: collection.baseURL.host,
            serviceSID: environment?.serviceSID, environmentSID: environment?.environmentSID)
        let plan = CollectionPlan(
            pollInterval: collection.pollInterval, overlap: collection.overlap, rereadAfter: collection.rereadAfter,
            pageSize: collection.pageSize)
        let start: StreamStart =
            switch collection.start {
            case .ago(let duration): .ago(duration)
            case .instant(let instant): .at(Timestamp(milliseconds: instant.millisecondsSinceEpoch))
            }
        let (service, name) = (environment?.serviceName ?? "", environment?.environmentName ?? "")
        let (api, pageSize, dataset) = (api, collection.pageSize, dataset)
        return Ingestor.Stream(
            key: key, account: identity.name,
            names: StreamNames(service: service.isEmpty ? nil : service, environment: name.isEmpty ? nil : name),
            plan: plan, start: start,
            makeSource: {
                let line = api.line(for: key.description)
                if let environment {
                    return FunctionLogsSource(
                        line: line, serviceSID: environment.serviceSID, environmentSID: environment.environmentSID,
                        pageSize: pageSize)
                }
                return dataset == .monitorAlerts
                    ? AlertsSource(line: line, pageSize: pageSize) : MonitorEventsSource(line: line, pageSize: pageSize)
            })
    }
}
