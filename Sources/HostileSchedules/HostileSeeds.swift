/// Seeds that once failed, each with what it showed; they run first.
enum HostileSeeds {
    static let known: [UInt64] = [
        // A cap refusal in other words.
        70, 80,
        // Downtime longer than the retention.
        201, 268, 362,
        // Catching up with hardly any memory.
        229, 321, 353,
        // A backfill's last minute, and one of an environment that went away.
        234, 961,
        // A full second that is looked at again for minutes.
        656,
        // A cap that counts rows that come twice.
        256,
        // Pages without a record that lead on and on.
        1067,
    ]
}
