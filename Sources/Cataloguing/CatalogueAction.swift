import PipelineCore

/// What happened, as the end of a type tells it.
struct CatalogueAction: Sendable {
    private enum Pattern { case ending([UInt8]), within([UInt8]), all }

    /// As it stands in the file.
    let name: String
    private let pattern: Pattern
    let severity: Severity
    let ecsType: String
    let activity: AuditActivity

    /// - Parameter pattern: `*`, `*.created` or `*.bulk-*`. Nil for any other form.
    init?(_ pattern: String, severity: Severity, ecsType: String, activity: AuditActivity) {
        let word = pattern.dropFirst()
        guard pattern.first == "*", !word.dropLast().contains("*") else { return nil }
        if word.isEmpty {
            self.pattern = .all
        } else if word.last == "*" {
            self.pattern = .within(Array(word.dropLast().utf8))
        } else {
            self.pattern = .ending(Array(word.utf8))
        }
        name = pattern
        self.severity = severity
        self.ecsType = ecsType
        self.activity = activity
    }

    var isAll: Bool { if case .all = pattern { true } else { false } }

    func matches(_ type: Span<UInt8>) -> Bool {
        switch pattern {
        case .all: true
        case .ending(let word): type.count >= word.count && Self.has(word, type, at: type.count - word.count)
        case .within(let word):
            type.count >= word.count && (0...type.count - word.count).contains { Self.has(word, type, at: $0) }
        }
    }

    private static func has(_ word: [UInt8], _ type: Span<UInt8>, at start: Int) -> Bool {
        for index in word.indices where type[start + index] != word[index] { return false }
        return true
    }
}
