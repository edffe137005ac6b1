import Parsing
package import PipelineCore

/// A record about twilship itself: dataset `twilship`.
package struct OwnRecord: Sendable {
    /// Letters and digits.
    package let id: String
    /// `twilship.heartbeat` and the like.
    package let type: String
    package let action: String
    package let severity: Severity
    package let time: Timestamp
    /// Label and SID; nil if it is of no account, or of all.
    package let account: String?
    package let accountSID: String?
    /// One sentence for people.
    package let message: String
    /// A JSON object on one line.
    package let facts: String

    package init(
        id: String, type: String, action: String, severity: Severity, time: Timestamp, account: String?,
        accountSID: String?, message: String, facts: String
    ) {
        self.id = id
        self.type = type
        self.action = action
        self.severity = severity
        self.time = time
        self.account = account
        self.accountSID = accountSID
        self.message = message
        self.facts = facts
    }
}

extension Normaliser {
    /// Appends the envelope of a record of our own and a line feed to the block's bytes, and its entry. The facts are
    /// its `raw`.
    package func append(_ record: OwnRecord, collected: Timestamp, to block: inout EnvelopeBlock) {
        let start = block.bytes.count
        /// Appends a member, and says where the string's contents lie.
        @discardableResult
        func member(_ key: String, _ value: String, to bytes: inout [UInt8]) -> Range<Int> {
            bytes.append(contentsOf: ",\"\(key)\":".utf8)
            let from = bytes.count + 1
            JSONString.append(value, to: &bytes)
            return from..<bytes.count - 1
        }
        block.bytes.append(contentsOf: Self.head)
        let id = block.bytes.count..<block.bytes.count + record.id.utf8.count
        block.bytes.append(contentsOf: "\(record.id)\"".utf8)
        member("dataset", Dataset.twilship.rawValue, to: &block.bytes)
        if let account = record.account { member("account", account, to: &block.bytes) }
        if let sid = record.accountSID { member("account_sid", sid, to: &block.bytes) }
        member("time", record.time.rfc3339, to: &block.bytes)
        member("collected", collected.rfc3339, to: &block.bytes)
        let type = member("type", record.type, to: &block.bytes)
        member("action", record.action, to: &block.bytes)
        member("severity", record.severity.name, to: &block.bytes)
        member("message", record.message, to: &block.bytes)
        block.bytes.append(contentsOf: tail)
        let raw = block.bytes.count..<block.bytes.count + record.facts.utf8.count
        block.bytes.append(contentsOf: record.facts.utf8)
        block.bytes.append(contentsOf: "}\n".utf8)
        block.entries.append(
            EnvelopeBlock.Entry(
                line: start..<block.bytes.count - 1, raw: raw, id: id, type: type, time: record.time,
                severity: record.severity,
                identity: RecordIdentity(sid: record.id.utf8)
                    ?? RecordIdentity(digest: Array(record.id.utf8)[...].sha256)))
    }
}
