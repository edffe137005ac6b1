import ArgumentParser
import PipelineCore
import Settings

/// Instants as people write them.
enum TimeText {
    static let forms = "2026-10-01T00:00:00Z, 2026-10-01 (UTC), or an age like 7d"

    /// An RFC 3339 instant, a date (UTC), or an age.
    /// - Parameter option: its name, for the error.
    /// - Throws: `ValidationError`.
    static func instant(_ text: String, _ option: String, _ now: Timestamp) throws -> Timestamp {
        let isDate = text.wholeMatch(of: #/[0-9]{4}-[0-9]{2}-[0-9]{2}/#) != nil
        if let time = Timestamp(rfc3339: Array((isDate ? text + "T00:00:00Z" : text).utf8)) { return time }
        if let age = DurationText.duration(text), age <= .seconds(4000 * 86_400) { return now - age }
        throw ValidationError("\(option) \(text) is no time like 2026-10-01T00:00:00Z, 2026-10-01 or 7d.")
    }
}

/// Datasets as people write them.
enum DatasetText {
    /// - Parameter own: whether twilship's own records count.
    /// - Throws: `ValidationError`.
    static func dataset(_ text: String, own: Bool = false) throws -> Dataset {
        let short = ["events": Dataset.monitorEvents, "logs": .serverlessLogs, "alerts": .monitorAlerts]
        if let known = short[text] ?? Dataset(rawValue: text), own || known != .twilship { return known }
        let names = Dataset.allCases.filter { own || $0 != .twilship }.map(\.rawValue)
        throw ValidationError(
            "--dataset \(text) is none of \(names.joined(separator: ", "))" + Suggestion.phrase(for: text, among: names)
                + ".")
    }
}
