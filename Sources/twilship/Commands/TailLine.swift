import Foundation
import PipelineCore
import SystemdSupport

/// A record in one line for people: time, severity, account, type, message.
struct TailLine {
    private let time: String
    private let severity: Severity?
    private let account: String
    private let type: String
    private let message: String
    private let isLate: Bool

    /// - Parameter envelope: nil is returned if it is none.
    init?(_ envelope: String) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(envelope.utf8)) as? [String: Any] else {
            return nil
        }
        time = object["time"] as? String ?? "-"
        severity = (object["severity"] as? String).flatMap { Severity(name: $0) }
        account = object["account"] as? String ?? "-"
        type = object["type"] as? String ?? "-"
        message = Self.text(object["message"])
        isLate = (object["tags"] as? [String])?.contains("late") ?? false
    }

    /// What functions print may be any JSON.
    private static func text(_ message: Any?) -> String {
        switch message {
        case nil: return ""
        case let text as String: return text
        case let value?:
            let data = try? JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
            return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }

    /// Nothing in it is obeyed by a terminal but our own colour.
    func shown(colour: Bool) -> String {
        let name = severity?.name ?? "-"
        let padded = name + String(repeating: " ", count: max(0, 8 - name.count))
        let mark = isLate ? "[late] " : ""
        return "\(time.terminalSafe) \(colour ? painted(padded) : padded) \(account.terminalSafe) "
            + "\(type.terminalSafe) \(mark)\(message.terminalSafe)"
    }

    private func painted(_ text: String) -> String {
        let code: String? =
            switch severity {
            case .alert, .critical, .error: "31"
            case .warning: "33"
            case .notice: "36"
            case .debug: "2"
            case .info, nil: nil
            }
        return code.map { "\u{1b}[\($0)m\(text)\u{1b}[0m" } ?? text
    }
}
