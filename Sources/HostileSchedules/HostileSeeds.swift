/// Seeds that once failed, each with what it showed; they run first.
enum HostileSeeds {
    /// Seeds that do not end as promised yet, and why as far as it is known. They are run and told, and do not count.
    static let open: [UInt64: String] = [
        256: "events: one more than a silent cap of exactly so many, all in one second",
        521: "events: an empty page is given twice in a row, once after a list that a silent cap had cut",
        651: "logs: a second that holds more than the cap is not read to its end by the end of the calm",
        656: "logs: a second that holds more than the cap is not read to its end by the end of the calm",
        732: "logs: at the end a stream lags 24 s longer than the bound",
        961: "logs: a backfill of an environment that is removed before it is read leaves no gap",
        1067: "events: a second that takes more than 1,600 answers is a gap of which nothing was kept",
        1132: "logs: as 521",
        1367: "events: as 521",
        1522: "logs: a second that holds more than the cap is not read to its end by the end of the calm",
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
