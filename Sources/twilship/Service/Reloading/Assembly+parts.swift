import Forwarding
import Settings

extension Assembly {
    /// The name of what carries out backfills, beside the accounts' SIDs.
    static let backfills = "backfills"

    /// Has everything run, as soon as the crews do.
    func start() {
        let parts = parts.now
        for part in parts.sinks.values { start(part) }
        for part in parts.accounts.values { start(part) }
        startBackfiller()
    }

    func startBackfiller() {
        let backfiller = backfiller
        collecting.start(Self.backfills) { await backfiller.run() }
    }

    func start(_ part: AccountPart) {
        parts.change { $0.accounts[part.stamp.settings.accountSID] = part }
        collecting.start(part.stamp.settings.accountSID) { await part.fleet.run() }
    }

    func start(_ part: SinkPart) {
        parts.change { $0.sinks[part.stamp.settings.name] = part }
        delivering.start(part.stamp.settings.name) { await part.dispatcher.run() }
    }

    /// Has a reload that is under way come to its end.
    func hurry() {
        collecting.hurry()
        delivering.hurry()
    }
}
