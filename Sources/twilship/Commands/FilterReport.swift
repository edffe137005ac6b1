import Cataloguing
import Settings

/// What a sink's filter lets through, as `check` tells it.
struct FilterReport {
    let lines: [String]

    init(_ filter: FilterSettings) {
        guard !filter.isEmpty else {
            lines = ["takes every record"]
            return
        }
        var lines: [String] = []
        if !filter.datasets.isEmpty {
            lines.append("datasets: \(filter.datasets.map(\.rawValue).joined(separator: ", "))")
        }
        if !filter.accounts.isEmpty { lines.append("accounts: \(filter.accounts.joined(separator: ", "))") }
        if let minimum = filter.minimumSeverity { lines.append("severity \(minimum.rawValue) or worse") }
        if !filter.types.isEmpty || !filter.excludeTypes.isEmpty {
            let all = EventCatalogue.shared.types
            let matched = all.filter { filter.matches(type: $0) }
            lines.append(
                "\(matched.count) of the \(all.count) documented event types match" + (matched.isEmpty ? "" : ":"))
            lines += Self.wrapped(matched).map { "  " + $0 }
        }
        self.lines = lines
    }

    /// Words in lines of at most 90 characters, unless a single word is longer.
    private static func wrapped(_ words: [String]) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + word.count < 90 {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word)
            }
        }
        return lines
    }
}
