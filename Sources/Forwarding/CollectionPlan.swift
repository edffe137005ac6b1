/// How a stream is read.
package struct CollectionPlan: Sendable, Equatable {
    /// How often it is polled, as configured; the pacer may stretch it.
    package var pollInterval: Duration
    /// Every instant is read again, at growing ages, until it is this old.
    package var overlap: Duration
    /// Ages at which it is read once more, at idle priority.
    package var rereadAfter: [Duration]
    package var pageSize: Int

    package init(pollInterval: Duration, overlap: Duration, rereadAfter: [Duration], pageSize: Int) {
        self.pollInterval = pollInterval
        self.overlap = overlap
        self.rereadAfter = rereadAfter
        self.pageSize = pageSize
    }

    /// The ages at which every instant is looked at again: 30 s, then three times as much each, then `overlap` itself,
    /// then `rereadAfter`. So a record is read about five times, whatever the poll interval.
    package var ages: [Duration] {
        var ages: [Duration] = []
        var age: Duration = .seconds(30)
        while age < overlap {
            ages.append(age)
            age = age * 3
        }
        ages.append(overlap)
        return ages + rereadAfter.filter { $0 > overlap }.sorted()
    }

    /// What is younger than this is live, whatever lies before it.
    var liveSpan: Duration { max(overlap, Self.leastLiveSpan) }

    /// Whoever is less than this behind is not catching up, however short the overlap.
    static let leastLiveSpan: Duration = .seconds(60)
}
