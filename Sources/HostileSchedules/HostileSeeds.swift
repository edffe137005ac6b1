/// Seeds that once failed, each with what it showed; they run first.
enum HostileSeeds {
    /// Seeds that do not end as promised yet, and why as far as it is known. They are run and told, and do not count.
    static let open: [UInt64: String] = [
        256: "events: one more in a second than a silent cap lists: one is lost without a gap",
        656: "logs: polls wait while a full second is looked at again for minutes, at 1 request/s",
        961: "logs: a backfill of an environment that is removed before it is read leaves no gap",
        1067: "events: a second that takes more than 1,600 answers is a gap of which nothing was kept",
    ]

    static let known: [UInt64] = [
        // A cap refusal in other words.
        70, 80,
        // Downtime longer than the retention.
        201, 268, 362,
        // Catching up with hardly any memory.
        229, 321, 353,
        // A backfill's last minute.
        234,
    ]
}
