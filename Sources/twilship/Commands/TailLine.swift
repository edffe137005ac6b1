import Foundation
import PipelineCore
import SystemdSupport

/// A record for people: time, severity, account, type and message in a line, and the rest in some more.
struct TailLine {
    private let time: String
    private let severity: Severity?
    private let account: String
    private let type: String
    private let message: String
    private let isLate: Bool
    /// Service and environment of a log line.
    private let place: String?
    /// What else the envelope says, by its keys joined with dots, in its own order.
    private let facts: [(key: String, value: String)]

    /// The keys whose values are facts. `raw` has all of them in Twilio's words: `--json` shows it.
    private static let factKeys = [
        "id", "account_sid", "actor", "resource", "function", "alert", "changes", "tags", "time_error", "raw_error",
        "truncated", "redacted", "shortened",
    ]

    /// An envelope with what it does not say: the names of service and environment.
    static func placed(_ envelope: String, _ place: String?) -> String {
        (place ?? "").replacing("\t", with: " ") + "\t" + envelope
    }

    /// - Parameter text: an envelope, alone or as `placed` gave it; nil is returned if it is none.
    init?(_ text: String) {
        let parts = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        let (front, envelope) = parts.count == 2 && !text.hasPrefix("{") ? (parts[0], String(parts[1])) : ("", text)
        place = front.isEmpty ? nil : String(front)
        guard let object = try? JSONSerialization.jsonObject(with: Data(envelope.utf8)) as? [String: Any] else {
            return nil
        }
        time = object["time"] as? String ?? "-"
        severity = (object["severity"] as? String).flatMap { Severity(name: $0) }
        account = object["account"] as? String ?? "-"
        type = object["type"] as? String ?? "-"
        message = object["message"].map(Self.text) ?? ""
        isLate = (object["tags"] as? [String])?.contains("late") ?? false
        facts = Self.factKeys.flatMap { key in object[key].map { Self.facts(key, $0) } ?? [] }
    }

    /// What functions print may be any JSON.
    private static func text(_ value: Any) -> String {
        if let text = value as? String { return text }
        let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func facts(_ key: String, _ value: Any) -> [(key: String, value: String)] {
        switch value {
        case let object as [String: Any]:
            object.sorted { $0.key < $1.key }.flatMap { facts("\(key).\($0.key)", $0.value) }
        case let changes as [[String: Any]] where key == "changes":
            changes.map { change in
                let (previous, updated) = (change["previous"].map(text), change["updated"].map(text))
                return (
                    "changes.\(change["field"].map(text) ?? "?")", "\(previous ?? "(none)") → \(updated ?? "(none)")"
                )
            }
        default: [(key, text(value))]
        }
    }

    /// Nothing in it is obeyed by a terminal but our own colour.
    func shown(colour: Bool) -> String {
        let name = severity?.name ?? "-"
        let padded = name + String(repeating: " ", count: max(0, 8 - name.count))
        let mark = isLate ? "[late] " : ""
        return "\(time.terminalSafe) \(colour ? Terminal.painted(padded, style) : padded) \(account.terminalSafe) "
            + (place.map { $0.terminalSafe + " " } ?? "") + "\(type.terminalSafe) \(mark)\(message.terminalSafe)"
    }

    /// What follows the line where records are expanded; a message of several lines is there as it was printed.
    func details(colour: Bool) -> [String] {
        let width = facts.map(\.key.count).max() ?? 0
        let printed = message.split(whereSeparator: \.isNewline)
        let lines = printed.count > 1 ? printed.map { "    | " + String($0).terminalSafe } : []
        return lines
            + facts.map { key, value in
                let label = key.terminalSafe.padding(toLength: max(width, key.count), withPad: " ", startingAt: 0)
                return "    \(colour ? Terminal.painted(label, .faint) : label) \(value.terminalSafe)"
            }
    }

    private var style: Terminal.Style {
        switch severity {
        case .alert, .critical, .error: .critical
        case .warning: .warning
        case .notice: .notable
        case .debug: .faint
        case .info, nil: .plain
        }
    }
}
