/// Seeds that once failed, each with what it showed; they run first.
enum HostileSeeds {
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
