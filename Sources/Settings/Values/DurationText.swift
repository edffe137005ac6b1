/// Durations as they are written: a number and a unit, `500ms`, `30s`, `10m`, `24h`, `30d`.
package enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ]

    /// nil if it is not one number and one unit, or does not fit 64 bits of milliseconds.
    package static func duration(_ text: String) -> Duration? {
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let digits = text.dropLast(unit.suffix.utf8.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    /// The largest unit that holds it without a rest.
    package static func text(_ duration: Duration) -> String {
        let parts = duration.components
        let milliseconds = parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
        let descending = units.sorted { $0.milliseconds > $1.milliseconds }
        let exact = descending.first { milliseconds != 0 && milliseconds.isMultiple(of: $0.milliseconds) }
        guard let exact else { return "0s" }
        return "\(milliseconds / exact.milliseconds)\(exact.suffix)"
    }

    static let example = "a number and a unit, like \"30s\", \"10m\", \"24h\", \"30d\" or \"500ms\""
}
