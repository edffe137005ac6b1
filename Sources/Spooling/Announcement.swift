import Foundation
import GRDB
package import PipelineCore

/// A fact about twilship itself that is to become a record of dataset `twilship`, for every sink.
package struct Announcement: Sendable {
    /// The record's `type`.
    package enum Kind: String, Sendable, CaseIterable {
        case heartbeat = "twilship.heartbeat"
        case gap = "twilship.gap"
        case streamFailing = "twilship.stream.failing"
        case streamRecovered = "twilship.stream.recovered"
        case deadLetter = "twilship.dead_letter"
        case command = "twilship.operator"
        case started = "twilship.started"
        case stopped = "twilship.stopped"

        /// The record's `action`: the type's last word.
        package var action: String { rawValue.split(separator: ".").last.map(String.init) ?? rawValue }
    }

    /// What is to be noted when the announcement has become a record.
    enum Source: Sendable {
        /// Nothing: it is told as it comes.
        case none
        case row(Int64)
        case gap(stream: Int64, from: Int64, to: Int64)
        case sinkGap(sink: String, first: Int64)
        case deadLetters(sink: String, accountSID: String, last: Int64)
    }

    /// The record's `id`: `TW` and 32 hexadecimal digits.
    package let id: String
    package let kind: Kind
    package let severity: Severity
    /// Label and SID; nil if it is of no account, or of all.
    package let account: String?
    package let accountSID: String?
    /// One sentence for people.
    package let message: String
    /// A JSON object, the record's `raw`.
    package let facts: String
    /// When it became a fact.
    package let time: Timestamp
    let source: Source

    /// Whether it is of a sink's records, of which many may be concerned one after the other.
    package var isOfSink: Bool {
        switch source {
        case .sinkGap, .deadLetters: true
        case .none, .row, .gap: false
        }
    }

    /// - Parameter facts: an object; its keys become snake case. Words that others have chosen are to be `bounded`.
    package init(
        _ kind: Kind, _ severity: Severity, account: String? = nil, accountSID: String? = nil, message: String,
        facts: some Encodable, at time: Timestamp
    ) throws {
        let json = try Self.encoder.encode(facts)
        self.init(
            kind, severity, account: account, accountSID: accountSID, message: message,
            facts: String(decoding: json, as: UTF8.self), time: time, source: .none)
    }

    init(
        _ kind: Kind, _ severity: Severity, account: String?, accountSID: String?, message: String, facts: String,
        time: Timestamp, source: Source, id: String = Announcement.makeID()
    ) {
        self.id = id
        self.kind = kind
        self.severity = severity
        self.account = account
        self.accountSID = accountSID
        self.message = message
        self.facts = facts
        self.time = time
        self.source = source
    }

    /// As another announcement, told from elsewhere.
    func from(_ source: Source) -> Announcement {
        Announcement(
            kind, severity, account: account, accountSID: accountSID, message: message, facts: facts, time: time,
            source: source, id: id)
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func makeID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = [random.next(), random.next()].map { (number: UInt64) in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return "TW" + digits.joined()
    }
}

extension Announcement {
    /// Notes it down, within the caller's transaction: it becomes a record if, and only if, that is committed.
    static func add(_ announcement: Announcement, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO announcement
                    (record_id, kind, severity, account, account_sid, message, facts, created_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                announcement.id, announcement.kind.rawValue, announcement.severity.rawValue,
                announcement.account ?? "", announcement.accountSID ?? "", announcement.message, announcement.facts,
                announcement.time.milliseconds,
            ])
    }
}

extension String {
    /// Words that others have chosen, in an announcement: at most 1,000 bytes.
    package var bounded: String {
        let limit = 1000
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return "\(self[..<end])…"
    }
}
