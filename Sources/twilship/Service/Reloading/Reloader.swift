import Forwarding
import Foundation
import Logging
import PipelineCore
import Settings
import Spooling
import SystemdSupport
import TwilioSources

/// Makes another configuration the one in use while the service runs.
///
/// - What has the same settings, secrets and certificates as before is left alone: no connection and no place is lost.
/// - A sink that changes or leaves finishes what is on its way first, for `patience` at most; what was not settled by
///   then is sent again. An account's reading is abandoned: what was not appended is read again.
/// - A configuration with faults changes nothing.
/// - What cannot be set up stops nothing else, and is tried again.
struct Reloader: Sendable {
    /// How long what is on its way to a sink is waited for.
    static let patience: Duration = .seconds(10)

    let assembly: Assembly
    let load: @Sendable () throws(SettingsFaults) -> ResolvedSettings
    let level: SharedLogLevel
    let notifier: ServiceNotifier
    let logger: Logger
    /// As the process has started with.
    private let started: ResolvedSettings
    private let maker: PartMaker

    init(
        _ assembly: Assembly, level: SharedLogLevel, notifier: ServiceNotifier, logger: Logger,
        load: @escaping @Sendable () throws(SettingsFaults) -> ResolvedSettings
    ) {
        self.assembly = assembly
        self.level = level
        self.notifier = notifier
        self.logger = logger
        self.load = load
        started = assembly.settings
        maker = assembly.maker
    }

    private var clock: any PipelineClock { assembly.network.clock }
    private var parts: CurrentParts { assembly.parts }

    /// Reads the configuration, and makes it the one in use.
    /// - Returns: false if something could not be set up: call `retry`.
    func reload() async -> Bool {
        notifier.reloading()
        defer { notifier.ready(status: StatusLine.text(assembly.board.now, backlogs: nil)) }
        let settings: ResolvedSettings
        do throws(SettingsFaults) {
            settings = try load()
        } catch {
            logger.error(
                "the configuration has errors and is not used; the one before stays",
                metadata: ["message_id": "\(LogKind.reloadRefused)", "errors": "\(error.faults.count)"])
            for fault in error.faults {
                logger.error("\(fault)", metadata: ["message_id": "\(LogKind.reloadFault)"])
            }
            return true
        }
        let keys = ReloadPlan.keysForRestart(started, settings)
        if !keys.isEmpty {
            logger.warning(
                "what has changed here needs a restart, and stays as it was until then; everything else is used",
                metadata: ["message_id": "\(LogKind.reloadNeedsRestart)", "keys": "\(keys.joined(separator: ", "))"])
        }
        let wanted = settings.with(started.state)
        let plan = plan(wanted)
        guard !plan.changes.isEmpty else {
            parts.change { $0.settings = wanted }
            logger.notice(
                "the configuration was read again, and nothing has changed",
                metadata: ["message_id": "\(LogKind.reloaded)"])
            return true
        }
        await announce(plan)
        let isDone = await carryOut(plan, wanted)
        var changes = plan.changes.mapValues { Logger.MetadataValue.string($0) }
        if isDone {
            changes[LogKind.key] = "\(LogKind.reloaded)"
            logger.notice("the configuration is reloaded", metadata: changes)
        } else {
            changes[LogKind.key] = "\(LogKind.reloadIncomplete)"
            logger.warning("the configuration is reloaded, but for what could not be set up", metadata: changes)
        }
        return isDone
    }

    /// Sets up what could not be set up before.
    /// - Returns: false if something cannot.
    func retry() async -> Bool {
        let wanted = assembly.settings
        return await carryOut(plan(wanted), wanted)
    }

    private func plan(_ wanted: ResolvedSettings) -> ReloadPlan {
        let known = assembly.network.accounts.all
        let found = known.filter { $0.settings.accountSID != $0.identity.sid }.map(\.identity.sid)
        let now = parts.now
        return ReloadPlan(
            from: .init(
                settings: now.settings, accounts: now.accounts.mapValues(\.stamp), sinks: now.sinks.mapValues(\.stamp),
                found: Set(found)),
            to: wanted, environment: maker.environment)
    }

    // MARK: - Steps

    private func carryOut(_ plan: ReloadPlan, _ wanted: ResolvedSettings) async -> Bool {
        let network = assembly.network
        network.prune(keeping: assembly.settings.accounts)
        level.level = Logger.Level(rawValue: wanted.log.level.rawValue) ?? .info
        parts.change { $0.settings = wanted }
        network.configured = Set(wanted.accounts.map(\.accountSID))
        // New ones are there from now on. Whoever leaves is still there: what is on its way is to be settled.
        guard await attach(wanted.sinks + plan.sinks.removed) else { return false }
        async let areCollected = change(plan.accounts)
        async let areDelivered = change(plan.sinks, wanted)
        return await (areCollected, areDelivered) == (true, true)
    }

    /// Makes something before anything ends for it; what cannot be made runs on as it was.
    private func attempt<Value>(_ key: String, _ name: String, _ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            tell(error, key, name)
            return nil
        }
    }

    private func tell(_ error: any Error, _ key: String, _ name: String) {
        logger.error(
            "what the configuration asks for cannot be set up; it is tried again every minute",
            metadata: ["message_id": "\(LogKind.reloadIncomplete)", key: "\(name)", "reason": "\(error)"])
    }

    /// Makes these the attached sinks.
    private func attach(_ sinks: [SinkSettings]) async -> Bool {
        do {
            try await assembly.attach(sinks)
            return true
        } catch {
            logger.error(
                "sinks cannot be attached or detached, so they stay as they are; it is tried again every minute",
                metadata: ["message_id": "\(LogKind.reloadIncomplete)", "reason": "\(error)"])
            return false
        }
    }

    private func announce(_ plan: ReloadPlan) async {
        do {
            try await assembly.spool.announce(.reload(plan.changes, at: clock.wallNow))
        } catch {
            logger.warning(
                "a reload cannot be told to the sinks",
                metadata: ["message_id": "\(LogKind.announcementFailed)", "reason": "\(error)"])
        }
    }

    // MARK: - Sinks

    private func change(_ difference: ReloadPlan.Difference<SinkSettings>, _ wanted: ResolvedSettings) async -> Bool {
        func make(_ stamps: [PartStamp<SinkSettings>]) -> [SinkPart] {
            stamps.compactMap { stamp in
                attempt("sink.name", stamp.settings.name) { try maker.part(stamp.settings) }
            }
        }
        let (changed, added) = (make(difference.changed), make(difference.added))
        return await withTaskGroup(of: Bool.self) { group in
            for part in changed {
                group.addTask {
                    await end(part.stamp.settings)
                    assembly.start(part)
                    return true
                }
            }
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for sink in difference.removed { group.addTask { await end(sink) } }
                }
                let isDetached = difference.removed.isEmpty ? true : await attach(wanted.sinks)
                // One that has got another name would find its files locked before.
                for part in added { assembly.start(part) }
                return isDetached
            }
            let isMade = changed.count + added.count == difference.starting.count
            return await group.reduce(isMade) { $0 && $1 }
        }
    }

    private func end(_ sink: SinkSettings) async {
        guard let part = parts.now.sinks[sink.name] else { return }
        part.dispatcher.recall()
        await assembly.delivering.end(sink.name, within: Self.patience, clock)
        parts.change { $0.sinks[sink.name] = nil }
        assembly.board.remove(sink: sink.name)
    }

    // MARK: - Accounts

    private func change(_ difference: ReloadPlan.Difference<AccountSettings>) async -> Bool {
        let made = difference.starting.compactMap { stamp in
            attempt("source.account", stamp.settings.name) { (stamp, try maker.identity(stamp.settings)) }
        }
        let ending = difference.removed + made.map(\.0.settings)
        // They go on with the accounts as they are then; what they have read stays read.
        let areBackfilled = await areBackfilled(ending)
        await withDiscardingTaskGroup { group in
            for account in ending { group.addTask { await end(account) } }
            if areBackfilled {
                group.addTask { await assembly.collecting.end(Assembly.backfills, within: .zero, clock) }
            }
        }
        var count = 0
        for (stamp, identity) in made where await start(stamp, identity) { count += 1 }
        if areBackfilled { assembly.startBackfiller() }
        return count == difference.starting.count
    }

    private func end(_ account: AccountSettings) async {
        await assembly.collecting.end(account.accountSID, within: .zero, clock)
        parts.change { $0.accounts[account.accountSID] = nil }
        let network = assembly.network
        let its = network.accounts.all.filter { $0.settings.accountSID == account.accountSID }.map(\.identity)
        let sids = Set(its.map(\.sid)).union([account.accountSID])
        let board = assembly.board
        for key in board.now.streams.keys where sids.contains(key.accountSID) { board.remove(key) }
        for identity in its {
            board.remove(discovery: AccountWiring.searchName(ofLogsOf: identity))
            board.remove(discovery: AccountWiring.searchName(ofSubaccountsOf: identity))
            assembly.registry.forget(accountSID: identity.sid)
        }
        network.release(sids)
    }

    private func start(_ stamp: PartStamp<AccountSettings>, _ identity: AccountIdentity) async -> Bool {
        let part: AccountPart
        do {
            part = try await maker.part(stamp, identity)
        } catch {
            tell(error, "source.account", stamp.settings.name)
            return false
        }
        for collection in stamp.settings.collections {
            guard let user = identity.credential(for: collection.dataset)?.user else { continue }
            assembly.network.gate(user: user, address: collection.baseURL).secretChanged()
        }
        assembly.start(part)
        return true
    }

    /// Whether a backfill reads from one of these accounts, or may.
    private func areBackfilled(_ accounts: [AccountSettings]) async -> Bool {
        guard !accounts.isEmpty else { return false }
        let ending = Set(accounts.map(\.accountSID))
        let known = assembly.network.accounts.all.filter { ending.contains($0.settings.accountSID) }
        let sids = ending.union(known.map(\.identity.sid))
        guard let jobs = try? await assembly.spool.backfills(openOnly: true) else { return true }
        return jobs.contains { sids.contains($0.accountSID) }
    }
}
