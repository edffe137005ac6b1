import Forwarding
import PipelineCore
import SystemdSupport

/// How things stand in one line, for `systemctl status`: the worst first. Instants and not durations, since nobody says
/// how old the line is.
enum StatusLine {
    /// A reason may be long, and a terminal is not.
    private static let longestReason = 160

    /// - Parameter backlogs: records that wait, by sink; nil if that cannot be said now.
    static func text(_ board: StatusBoard.Contents, backlogs: [String: Int64]?) -> String {
        var parts: [String] = []
        if let trouble = trouble(board) { parts.append(trouble) }
        let streams = board.streams.values
        let failing = streams.count { $0.failures > 0 }
        var line = "\(streams.count) streams" + (failing > 0 ? ", \(failing) failing" : "")
        let living = streams.filter { $0.state != .retired }
        if let completeUpTo = living.compactMap(\.completeUpTo).min() {
            line += ", complete up to \(completeUpTo.rfc3339Seconds)"
        }
        parts.append(line + ", \(streams.reduce(0) { $0 + $1.taken }) records collected")
        let waiting = backlogs.map { ", \($0.values.max() ?? 0) records waiting" } ?? ""
        let retrying = board.sinks.values.count { $0.attempts > 0 }
        parts.append("\(board.sinks.count) sinks" + (retrying > 0 ? ", \(retrying) failing" : "") + waiting)
        let searches = board.discoveries.values.count { $0.failures > 0 }
        if searches > 0 { parts.append("\(searches) searches failing") }
        return parts.joined(separator: "; ")
    }

    /// The worst there is: a sink that accepts nothing, one that fails, streams.
    private static func trouble(_ board: StatusBoard.Contents) -> String? {
        let sinks = board.sinks.filter { $0.value.attempts > 0 }.sorted {
            ($0.value.state == .held ? 0 : 1, $0.key) < ($1.value.state == .held ? 0 : 1, $1.key)
        }
        if let (name, status) = sinks.first {
            return "sink \(name) is \(status.state.rawValue): \(shortened(status.lastError))"
        }
        let stream = board.streams.filter { $0.value.failures > 0 }.max { $0.value.failures < $1.value.failures }
        return stream.map { "stream \($0.key) is \($0.value.state.rawValue): \(shortened($0.value.lastError))" }
    }

    private static func shortened(_ reason: String?) -> String {
        let reason = reason ?? ""
        return reason.count > longestReason ? reason.prefix(longestReason) + "…" : reason
    }
}
