import Settings

/// What is to change so that another configuration is the one in use.
struct ReloadPlan {
    struct Difference<PartSettings: Sendable & Equatable> {
        var added: [PartStamp<PartSettings>] = []
        var changed: [PartStamp<PartSettings>] = []
        var removed: [PartSettings] = []

        /// - Parameters:
        ///   - running: what runs, by its key.
        ///   - wanted: in the order of the configuration.
        fileprivate init(
            running: [String: PartStamp<PartSettings>], wanted: [PartStamp<PartSettings>],
            key: (PartSettings) -> String
        ) {
            for stamp in wanted {
                guard let now = running[key(stamp.settings)] else {
                    added.append(stamp)
                    continue
                }
                if now != stamp { changed.append(stamp) }
            }
            let keys = Set(wanted.map { key($0.settings) })
            removed = running.filter { !keys.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value.settings)
        }

        /// What needs a new part.
        var starting: [PartStamp<PartSettings>] { added + changed }
    }

    var accounts: Difference<AccountSettings>
    let sinks: Difference<SinkSettings>
    /// Keys outside of accounts and sinks that have another value now and take effect at once.
    let keys: [String]

    /// What runs now, by SIDs and names, and the configuration that asked for it.
    struct Now {
        let settings: ResolvedSettings
        let accounts: [String: PartStamp<AccountSettings>]
        let sinks: [String: PartStamp<SinkSettings>]
        /// SIDs of the subaccounts that searches have found and that are collected.
        let found: Set<String>
    }

    /// - Parameter environment: for the places of secrets.
    init(from now: Now, to wanted: ResolvedSettings, environment: [String: String]) {
        accounts = Difference(
            running: now.accounts, wanted: wanted.accounts.map { PartStamp($0, environment) }, key: \.accountSID)
        sinks = Difference(running: now.sinks, wanted: wanted.sinks.map { PartStamp($0, environment) }, key: \.name)
        keys =
            (now.settings.log.level == wanted.log.level ? [] : ["log.level"])
            + (now.settings.heartbeat == wanted.heartbeat ? [] : ["heartbeat.interval"])
        // What gets a table of its own is collected as that says, and by nobody else.
        if accounts.added.contains(where: { now.found.contains($0.settings.accountSID) }) {
            let touched = Set(accounts.starting.map(\.settings.accountSID))
            accounts.changed += now.accounts.values.filter { stamp in
                stamp.settings.subaccounts == .discover && !touched.contains(stamp.settings.accountSID)
                    && wanted.accounts.contains { $0.accountSID == stamp.settings.accountSID }
            }
        }
    }

    /// As people and records are told it, by what happens: `sinks.added` and so on.
    var changes: [String: String] {
        var changes: [String: [String]] = [:]
        changes["accounts.added"] = accounts.added.map(\.settings.name)
        changes["accounts.changed"] = accounts.changed.map(\.settings.name)
        changes["accounts.removed"] = accounts.removed.map(\.name)
        changes["sinks.added"] = sinks.added.map(\.settings.name)
        changes["sinks.changed"] = sinks.changed.map(\.settings.name)
        changes["sinks.removed"] = sinks.removed.map(\.name)
        changes["keys.changed"] = keys
        return changes.filter { !$0.value.isEmpty }.mapValues { $0.joined(separator: ", ") }
    }

    /// The keys that take effect with the next start only and that differ from those of this process.
    static func keysForRestart(_ started: ResolvedSettings, _ wanted: ResolvedSettings) -> [String] {
        let (state, log, metrics) = (started.state, started.log, started.metrics)
        return [
            ("state.directory", state.directory == wanted.state.directory),
            ("state.max_bytes", state.maximumBytes == wanted.state.maximumBytes),
            ("state.retain", state.retain == wanted.state.retain),
            ("log.target", log.target == wanted.log.target),
            ("log.format", log.format == wanted.log.format),
            ("metrics.textfile", metrics.textfile == wanted.metrics.textfile),
            ("metrics.listen", metrics.listen == wanted.metrics.listen),
        ].filter { !$0.1 }.map(\.0)
    }
}
