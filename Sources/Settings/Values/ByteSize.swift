/// Sizes as they are written: an integer of bytes, or `512 MiB`, `2 GB`.
package enum ByteSize {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("B", 1),
    ]

    package static func bytes(_ text: String) -> Int? {
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        var digits = text.dropLast(unit.suffix.utf8.count)
        if digits.last == " " { digits.removeLast() }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits)
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// The largest binary unit that holds it without a rest.
    package static func text(_ bytes: Int) -> String {
        let exact = units.prefix(4).last { bytes >= $0.bytes && bytes.isMultiple(of: $0.bytes) }
        guard let exact else { return "\(bytes) B" }
        return "\(bytes / exact.bytes) \(exact.suffix)"
    }

    static let example = "an integer of bytes, or a number and a unit, like \"512 MiB\" or \"2 GB\""
}
