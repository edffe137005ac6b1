extension Duration {
    /// Reads `500ms`, `5s`, `10m`, `2h`, `7d`; decimals are fine, `-` makes it negative.
    package init?(simulator text: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        for (unit, seconds) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), abs(number * seconds) < 1e9 else { continue }
            self = .milliseconds(Int64((number * seconds * 1_000).rounded()))
            return
        }
        return nil
    }
}
