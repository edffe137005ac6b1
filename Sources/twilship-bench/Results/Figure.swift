/// What one measurement gave. What was not measured is nil.
struct Figure: Codable {
    /// What `--only` calls it.
    var part: Part
    /// What was varied.
    var name: String
    var records: Int?
    /// CPU of the service alone, in microseconds per record.
    var cpuMicroseconds: Double?
    /// Records per second of time passed, other programs' share of the machine included.
    var recordsPerSecond: Double?
    /// The most memory resident at once, in bytes.
    var peakBytes: Int?
    /// CPU of the other end, in microseconds per record.
    var otherMicroseconds: Double?
    /// What only this part measures, by name with its unit.
    var other: [String: Double] = [:]
}

/// What can be measured.
enum Part: String, Codable, CaseIterable {
    case file, http, syslog, stages
    case catchUp = "catch-up"
    case idle, backlog, latency, growth
}

/// All figures of one run, as they are written to a file.
struct Report: Codable {
    var version = 1
    var machine: String
    var quick: Bool
    var figures: [Figure]

    func figure(like figure: Figure) -> Figure? {
        figures.first { $0.part == figure.part && $0.name == figure.name }
    }
}
