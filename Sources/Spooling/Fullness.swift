import Foundation
package import PipelineCore

/// Why the spool takes nothing more for now, who holds it, and how long that may last.
package struct Fullness: Equatable, Sendable, Codable {
    package enum Cause: Equatable, Sendable, Codable {
        /// `max_bytes` is used up.
        case limit(bytes: Int)
        /// The file system has no room left, or the user's quota is used up.
        case disk(path: String)
    }

    package let cause: Cause
    /// The sinks whose records lie in the oldest segment, furthest behind first; empty if nothing waits for any.
    package let sinks: [String]
    /// When the oldest record that one of them has not delivered was collected.
    package let since: Timestamp?
    /// Until when Twilio keeps, at least, what is not collected meanwhile; nil if there is no stream.
    package let keptUntil: Timestamp?

    package init(cause: Cause, sinks: [String], since: Timestamp?, keptUntil: Timestamp?) {
        self.cause = cause
        self.sinks = sinks
        self.since = since
        self.keptUntil = keptUntil
    }

    /// - Returns: nil if it says that there is room, or is not what `encode` made.
    init?(json: String) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else { return nil }
        self = value
    }

    /// How long Twilio keeps records at least: logs for 30 days, events for 30 days or, with some editions, longer.
    static let retention: Duration = .seconds(30 * 86_400)
}

extension Fullness: CustomStringConvertible {
    package var description: String {
        [what, waiting, remedy].filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private var what: String {
        let held =
            sinks.isEmpty
            ? "" : " of records not yet delivered by \(names)" + (since.map { " since \($0.rfc3339Seconds)" } ?? "")
        return switch cause {
        case .limit(let bytes): "the spool is full (\(bytes) bytes)" + held
        case .disk(let path):
            "the disk of \(path) is full" + (sinks.isEmpty ? "" : ", and the spool there holds some" + held)
        }
    }

    private var names: String { sinks.joined(separator: ", ") }

    private var waiting: String {
        "polling waits until there is room"
            + (keptUntil.map {
                ", and Twilio keeps what is not collected meanwhile at least until \($0.rfc3339Seconds)"
            }
                ?? "")
    }

    private var remedy: String {
        switch cause {
        case .limit: "repair that sink, or raise [state] max_bytes and restart"
        case .disk: "free space there" + (sinks.isEmpty ? "" : ", or repair that sink")
        }
    }
}
