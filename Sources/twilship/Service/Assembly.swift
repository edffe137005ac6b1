import Forwarding
import Foundation
import Logging
import Normalising
import PipelineCore
import Settings
import Sinks
import Spooling
import Transport
import TwilioSources

/// The one place where everything is wired: settings become sources, spool, sinks and what moves records between them.
struct Assembly: Sendable {
    let spool: Spool
    let board: StatusBoard
    let ending: Ending
    let ingestors: [Ingestor]
    let dispatchers: [(dispatcher: Dispatcher, position: Int64)]
    let streams: [StreamKey]
    private let transports: [CurlTransport]

    /// - Throws: `SpoolError`, `SecretError`, `TransportError`: sentences for people.
    init(_ settings: ResolvedSettings, clock: any PipelineClock, logger: Logger) async throws {
        let board = StatusBoard(clock: clock)
        let ending = Ending()
        let spool = try Spool(
            directory: StateDirectory(path: settings.state.directory),
            options: SpoolOptions(maximumBytes: settings.state.maximumBytes, retain: settings.state.retain),
            version: Twilship.version, now: { clock.wallNow })
        var network = NetworkPool(clock: clock)
        let streams = try settings.accounts.flatMap { try $0.streams(&network) }
        let normaliser = Normaliser(collector: ProcessInfo.processInfo.hostName, version: Twilship.version)
        ingestors = streams.map { stream in
            Ingestor(
                stream: stream, spool: spool, normaliser: normaliser, clock: clock, board: board, logger: logger)
        }
        let positions = try await spool.attach(settings.sinks.map { ($0.name, $0.start.inSpool(clock.wallNow)) })
        dispatchers = try settings.sinks.map { sink in
            let dispatcher = Dispatcher(
                name: sink.name, sink: try sink.make(store: spool.stateStore(of: sink.name), logger: logger),
                filter: RecordFilter(sink.filter), options: Dispatcher.Options(sink), spool: spool, clock: clock,
                board: board, ending: ending, logger: logger)
            return (dispatcher, positions[sink.name] ?? 0)
        }
        self.streams = streams.map(\.key)
        self.spool = spool
        self.board = board
        self.ending = ending
        transports = Array(network.transports.values)
    }

    /// Ends what runs on threads of its own, and lets go of the state directory. Call it last.
    func close() async throws {
        try await spool.flush()
        try await spool.close()
        for transport in transports { await transport.shutdown() }
    }
}

/// Transports and rate limiters that are shared: one for each distinct setting.
struct NetworkPool {
    let clock: any PipelineClock
    private(set) var transports: [TransportOptions: CurlTransport] = [:]
    private var limiters: [String: RateLimiter] = [:]

    init(clock: any PipelineClock) {
        self.clock = clock
    }

    mutating func transport(_ network: NetworkSettings, for address: WebAddress) throws -> CurlTransport {
        var options = TransportOptions(userAgent: "twilship/\(Twilship.version)")
        options.proxy = network.proxy?.description
        options.noProxy = network.noProxy.isEmpty ? nil : network.noProxy
        options.caFile = network.caFile
        options.ipVersion =
            switch network.ipVersion {
            case .any: .any
            case .four: .v4
            case .six: .v6
            }
        // The settings allow plain http for loopback addresses only.
        options.allowsPlainHTTP = address.scheme == .http
        if let transport = transports[options] { return transport }
        let transport = try CurlTransport(options)
        transports[options] = transport
        return transport
    }

    /// Twilio counts requests of an account and API together, or those of a credential: as the scope says.
    mutating func limiter(_ limit: RateLimitSettings, account: String, user: String, address: WebAddress) -> RateLimiter
    {
        let scope = limit.scope == .credential ? user : account
        let key = "\(scope) \(address.origin) \(limit.requestsPerSecond) \(limit.burst)"
        if let limiter = limiters[key] { return limiter }
        let limiter = RateLimiter(requestsPerSecond: limit.requestsPerSecond, burst: limit.burst, clock: clock)
        limiters[key] = limiter
        return limiter
    }
}

extension AccountSettings {
    fileprivate func streams(_ network: inout NetworkPool) throws -> [Ingestor.Stream] {
        guard events.enabled else { return [] }
        let user = events.credential.keySID ?? accountSID
        let secret = try events.credential.secret.resolve(environment: ProcessInfo.processInfo.environment)
        let api = TwilioAPI(
            baseURL: try HTTPURL(events.baseURL.description),
            credential: BasicAuth(user: user, password: secret.reveal()),
            transport: try network.transport(self.network, for: events.baseURL),
            limiter: network.limiter(events.rateLimit, account: accountSID, user: user, address: events.baseURL),
            clock: network.clock)
        let plan = CollectionPlan(
            pollInterval: events.pollInterval, overlap: events.overlap, rereadAfter: events.rereadAfter,
            pageSize: events.pageSize)
        let key = StreamKey(accountSID: accountSID, dataset: .monitorEvents, host: events.baseURL.host)
        let start: StreamStart =
            switch events.start {
            case .ago(let duration): .ago(duration)
            case .instant(let instant): .at(Timestamp(milliseconds: instant.millisecondsSinceEpoch))
            }
        return [
            Ingestor.Stream(
                key: key, account: name, source: MonitorEventsSource(api: api, pageSize: events.pageSize), plan: plan,
                start: start)
        ]
    }
}

extension SinkSettings {
    fileprivate func make(store: any SinkStateStore, logger: Logger) throws -> any Sink {
        switch kind {
        case .file(let file):
            let style = Sinks.RecordFormat.RawStyle(rawValue: raw.rawValue) ?? .object
            let options = FileSinkOptions(
                path: try Sinks.PathTemplate(file.path.description),
                format: format == .raw ? .raw : .envelope(raw: style),
                rotateBytes: file.rotateBytes.map(Int64.init), rotateInterval: file.rotateInterval,
                compression: file.compression == .gzip ? .gzip : .none, keepFiles: file.keepFiles, keep: file.keep,
                mode: file.mode, group: file.group)
            return FileSink(name: name, options: options, store: store, log: logger)
        case .syslog, .http, .stdout, .journal:
            preconditionFailure("the settings refuse sinks that do not exist yet")
        }
    }
}

extension SinkSettings.Start {
    fileprivate func inSpool(_ now: Timestamp) -> SinkStart {
        switch self {
        case .now: .now
        case .oldest: .oldest
        case .ago(let duration): .from(now - duration)
        }
    }
}

extension RecordFilter {
    init(_ filter: FilterSettings) {
        self.init()
        if !filter.datasets.isEmpty { datasets = Set(filter.datasets.compactMap { Dataset(rawValue: $0.rawValue) }) }
        if !filter.accounts.isEmpty { accounts = Set(filter.accounts) }
        if let minimum = filter.minimumSeverity.flatMap({ Severity(name: $0.rawValue) }) { minimumSeverity = minimum }
        if !filter.types.isEmpty || !filter.excludeTypes.isEmpty { matchesType = { filter.matches(type: $0) } }
    }
}

extension FilterSettings {
    /// Whether `types` and `exclude_types` let a type through.
    func matches(type: String) -> Bool {
        let isWanted = types.isEmpty || types.contains { $0.matches(type) }
        return isWanted && !excludeTypes.contains { $0.matches(type) }
    }
}

extension Dispatcher.Options {
    init(_ sink: SinkSettings) {
        self.init(
            maximumRecords: sink.batch.maximumRecords, maximumBytes: sink.batch.maximumBytes,
            initialBackoff: sink.retry.initial, longestBackoff: sink.retry.maximum)
    }
}
