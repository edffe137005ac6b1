import ArgumentParser
import Forwarding
import Foundation
import Logging
import PipelineCore
import ServiceLifecycle
import Settings
import Spooling
import SystemdSupport
import UnixSignals

/// The service.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Collect and deliver, until told to stop.",
        discussion: """
            SIGTERM or SIGINT stops within 10 seconds; a second one at once.
            SIGHUP reloads the configuration. None of them loses anything.

            Examples:
              twilship run --config trial.toml
              twilship run --once --timeout 1h

            Exit codes:
              0       stopped as asked, or with --once everything delivered
              73, 74  the state directory cannot be used
              75      something remains (--once), the reader of a stdout sink is gone,
                      or another twilship has the state
              77      only credentials failed (--once)
              78      the configuration is wrong
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Read every stream once, up to the server's time now, deliver everything, and exit.")
    var once = false

    @Option(help: ArgumentHelp("With --once: give up after this long.", valueName: "duration"))
    var timeout = "10m"

    @Option(help: ArgumentHelp("Exit after this long with nothing new and nothing to deliver.", valueName: "seconds"))
    var untilIdle: Double?

    func validate() throws {
        guard DurationText.duration(timeout) != nil else {
            throw ValidationError("--timeout \(timeout) is not a duration like 30s, 10m or 2h.")
        }
        if let untilIdle, !(untilIdle > 0 && untilIdle < 1e9) {
            throw ValidationError("--until-idle needs a number of seconds above 0.")
        }
        if once, untilIdle != nil { throw ValidationError("--once and --until-idle exclude each other.") }
    }

    func run() async throws {
        // A write to a pipe that nobody reads must be an error, not the end.
        signal(SIGPIPE, SIG_IGN)
        FreedMemory.keep()
        let environment = ProcessInfo.processInfo.environment
        let settings = try options.load(resolveSecrets: true, complain: Complaint(environment).tell)
        let level = SharedLogLevel(Logger.Level(rawValue: settings.log.level.rawValue) ?? .info)
        let handler = makeLogHandler(
            target: LogTarget(rawValue: settings.log.target.rawValue) ?? .auto,
            format: LogFormat(rawValue: settings.log.format.rawValue) ?? .text, level: level, environment: environment,
            clear: Terminal.endProgress)
        let logger = Logger(label: "twilship") { _ in handler }
        let clock = SystemClock()
        let notifier = ServiceNotifier(environment: environment)
        let assembly: Assembly
        do {
            assembly = try await notifier.whileAskingForTime({ try await clock.sleep(for: $0) }) {
                try await Assembly(
                    settings, clock: clock, logger: logger, pulseInterval: Self.pulseInterval(notifier, settings))
            }
        } catch {
            logger.critical("\(error)", metadata: ["message_id": "\(LogKind.cannotStart)"])
            throw (error as? SpoolError).map(Exit.code(for:))
                ?? (error is SecretError ? Exit.configuration : Exit.software)
        }
        let keeper = SpoolKeeper(
            assembly: assembly, notifier: notifier, clock: clock, logger: logger, startedAt: clock.wallNow)
        if once {
            try await runOnce(assembly, keeper, logger)
        } else {
            try await serve(assembly, keeper, level, logger)
        }
        try await assembly.close()
        if assembly.outputReader.isGone {
            Terminal.complain(
                "nobody reads standard output any more; what was not written is delivered after the next start")
            throw Exit.tryAgain
        }
    }

    /// Who wants to know whether everything turns: the service manager, or who asks for `/healthz`.
    private static func pulseInterval(_ notifier: ServiceNotifier, _ settings: ResolvedSettings) -> Duration? {
        Watchdog.interval(notifier) ?? (settings.metrics.listen == nil ? nil : MetricsReport.pulseInterval)
    }

    private func serve(
        _ assembly: Assembly, _ keeper: SpoolKeeper, _ level: SharedLogLevel, _ logger: Logger
    ) async throws {
        let reloads = ReloadRequests()
        let signals = StopSignals(logger: logger, whenHungUp: { reloads.hangUp() })
        let options = options
        let reloader = Reloader(assembly, level: level, notifier: keeper.notifier, logger: logger) {
            () throws(SettingsFaults) in try options.read()
        }
        let announcer = LifeAnnouncer(
            assembly, configurationPath: options.config, clock: keeper.clock, logger: logger)
        let metrics = MetricsReport(assembly, startedAt: keeper.startedAt, clock: keeper.clock)
        assembly.start()
        // Services stop in reverse: collecting first, then what is to be said of it, then deliveries, and saving the
        // state last.
        var services: [any Service] = [
            Watchdog(
                pulse: assembly.pulse, spool: assembly.spool, clock: keeper.clock, logger: logger,
                feed: { [notifier = keeper.notifier] in notifier.watchdog() }),
            KeepingService(keeper: keeper),
            DispatchingService(assembly: assembly),
            HeraldService(herald: assembly.herald, announcer: announcer),
            IngestingService(assembly: assembly),
            ControlService(assembly: assembly, logger: logger),
            ReloadService(reloader: reloader, requests: reloads, clock: keeper.clock),
            SummaryService(assembly: assembly, clock: keeper.clock, logger: logger),
            StoppingService(notifier: keeper.notifier),
        ]
        services += metricsServices(metrics, assembly.settings.metrics, keeper.clock, logger)
        let stopper = Stopper()
        services.append(OutputWatch(reader: assembly.outputReader, stop: { await stopper.stop() }))
        if let untilIdle {
            services.append(
                IdleWatch(
                    assembly: assembly, idle: .seconds(untilIdle), clock: keeper.clock, announcer: announcer,
                    stop: { await stopper.stop() }))
        }
        let group = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "", factory: { _ in SwiftLogNoOpLogHandler() }))
        await stopper.set(group)
        logger.notice(
            "started",
            metadata: [
                "message_id": "\(LogKind.started)", "version": "\(Twilship.version)",
                "accounts": "\(assembly.settings.accounts.count)",
                "sinks": "\(assembly.settings.sinks.count)",
            ])
        keeper.notifier.ready(
            status: StatusLine.text(assembly.board.now, backlogs: try? await assembly.spool.backlogs()))
        try await group.run()
        logger.notice("stopped", metadata: ["message_id": "\(LogKind.stopped)"])
        withExtendedLifetime(signals) {}
    }

    private func metricsServices(
        _ report: MetricsReport, _ settings: MetricsSettings, _ clock: any PipelineClock, _ logger: Logger
    ) -> [any Service] {
        var services: [any Service] = []
        if let address = settings.listen {
            services.append(MetricsService(address: address, report: report, logger: logger))
        }
        if let path = settings.textfile {
            services.append(TextFileService(path: path, report: report, clock: clock, logger: logger))
        }
        return services
    }

    private func runOnce(_ assembly: Assembly, _ keeper: SpoolKeeper, _ logger: Logger) async throws {
        let limit = DurationText.duration(timeout) ?? .seconds(600)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { group in
                    group.addTask {
                        await assembly.fleet.run(.once)
                        await assembly.herald.publish()
                        assembly.ending.request(.whenDelivered)
                    }
                    for dispatcher in assembly.dispatchers { group.addTask { await dispatcher.run() } }
                }
            }
            group.addTask { try? await keeper.clock.sleep(for: limit) }
            group.addTask { await assembly.outputReader.leaving() }
            let helpers = Task {
                await withDiscardingTaskGroup { group in
                    group.addTask { await keeper.run() }
                    group.addTask { await OnceProgress(assembly: assembly).run(keeper.clock) }
                }
            }
            await group.next()
            helpers.cancel()
            await helpers.value
            group.cancelAll()
            assembly.ending.request(.soon)
        }
        await keeper.keep()
        try await Outcome(assembly).tell()
    }
}

/// Says what is wrong with the configuration: to the journal, if that is where our output goes, so that each fault has its
/// priority and an explanation; else as every command does.
private struct Complaint {
    private let journal: Logger?

    init(_ environment: [String: String]) {
        journal = journalLogger(environment)
    }

    func tell(_ faults: String) {
        guard let journal else { return Terminal.complain(faults) }
        for fault in faults.split(separator: "\n") {
            journal.error("\(fault)", metadata: ["message_id": "\(LogKind.configurationRefused)"])
        }
    }
}

/// Stops a service group that does not exist yet when its services are made.
private actor Stopper {
    private var group: ServiceGroup?

    func set(_ group: ServiceGroup) {
        self.group = group
    }

    func stop() async {
        await group?.triggerGracefulShutdown()
    }
}

/// How a `--once` ended.
private struct Outcome {
    private let collected: Int
    private let remaining: [String]
    private let onlyCredentials: Bool

    init(_ assembly: Assembly) async throws {
        let board = assembly.board.now
        let backlogs = try await assembly.spool.backlogs()
        let unread = board.streams.filter { $0.value.state != .done }
        let why = assembly.outputReader.isGone ? "the reader of standard output is gone" : "time ran out"
        let failing = assembly.fleet.discoveries.filter { board.discoveries[$0.name]?.succeededAt == nil }
        var again: [String] = []
        for name in backlogs.keys.sorted() {
            let backlog = try await assembly.spool.resendBacklog(of: name)
            let count = Int64(backlog.deadLetters) + backlog.records
            if count > 0 { again.append("sink \(name): \(count) records not sent again yet, as asked for") }
        }
        collected = board.streams.values.reduce(0) { $0 + $1.taken }
        remaining =
            failing.map {
                "\($0.name): not searched: \(board.discoveries[$0.name]?.lastError ?? why)"
            }
            + unread.map { "\($0.key): not read to the end: \($0.value.lastError ?? why)" }.sorted()
            + backlogs.sorted { $0.key < $1.key }.filter { $0.value > 0 }.map { name, count in
                "sink \(name): \(count) records not delivered: \(board.sinks[name]?.lastError ?? why)"
            }
            + again
        onlyCredentials =
            unread.count + failing.count > 0 && again.isEmpty && unread.values.allSatisfy { $0.state == .authFailed }
            && failing.allSatisfy { board.discoveries[$0.name]?.isRefused == true }
            && backlogs.values.allSatisfy { $0 == 0 }
    }

    /// Says it, and exits with what remains.
    func tell() throws {
        Terminal.complain("\(collected) new records collected")
        guard !remaining.isEmpty else { return }
        for line in remaining { Terminal.complain(line.terminalSafe) }
        Terminal.complain("run it again to go on; nothing is lost")
        throw onlyCredentials ? Exit.permission : Exit.tryAgain
    }
}
