import PipelineCore

/// Decides which failures last long enough to be told, and when they are over. What is told is remembered by the spool,
/// too, so that a restart neither tells it again nor keeps its end a secret.
struct TroubleWatch {
    /// A refused credential is told at once: it does not mend itself.
    static let patience: Duration = .seconds(300)

    enum Change {
        case fails(WatchedPlace, since: Timestamp)
        case works(WatchedPlace, since: Timestamp)
        /// It is not collected any more.
        case isGone(id: String)
    }

    private struct Failure {
        let since: Timestamp
        let seen: ContinuousClock.Instant
    }

    /// Failing, and not told yet.
    private var failing: [String: Failure] = [:]
    private var told: [String: Timestamp]
    /// What was there in this process: what leaves after that is gone.
    private var present: Set<String> = []

    init(announced: [String: Timestamp] = [:]) {
        told = announced
    }

    var isWatching: Bool { !told.isEmpty || !failing.isEmpty }

    /// What is to be told now. Say `wasTold` of each.
    mutating func changes(
        _ places: [WatchedPlace], at now: ContinuousClock.Instant, wall: Timestamp
    ) -> [Change] {
        var changes: [Change] = []
        for place in places {
            if place.failures == 0 {
                failing[place.id] = nil
                // After a restart, one that has not been read yet has not shown that it works.
                if let since = told[place.id], place.workedAt != nil { changes.append(.works(place, since: since)) }
            } else if told[place.id] == nil {
                let failure = failing[place.id] ?? Failure(since: wall, seen: now)
                failing[place.id] = failure
                if place.isRefused || failure.seen.duration(to: now) >= Self.patience {
                    changes.append(.fails(place, since: failure.since))
                }
            }
        }
        let ids = Set(places.map(\.id))
        failing = failing.filter { ids.contains($0.key) }
        changes += told.keys.filter { present.contains($0) && !ids.contains($0) }.sorted().map { .isGone(id: $0) }
        present.formUnion(ids.filter { told[$0] != nil })
        return changes
    }

    mutating func wasTold(_ change: Change) {
        switch change {
        case .fails(let place, let since):
            told[place.id] = since
            failing[place.id] = nil
            present.insert(place.id)
        case .works(let place, _): told[place.id] = nil
        case .isGone(let id): told[id] = nil
        }
    }
}
