import Logging

/// The fields of one entry in the journal (systemd.journal-fields(7)), in the order they are sent.
struct JournalEntry {
    struct Field: Equatable {
        let name: String
        let value: String
    }

    let fields: [Field]

    /// Facts get a field of their own for `journalctl FIELD=value`, and stand in MESSAGE too, which is all that `journalctl` shows.
    init(_ record: LogRecord) {
        var fields = [
            Field(name: "MESSAGE", value: record.sentence),
            Field(name: "PRIORITY", value: "\(record.level.syslogPriority)"),
            Field(name: "SYSLOG_IDENTIFIER", value: "twilship"),
            Field(name: "CODE_FILE", value: record.file),
            Field(name: "CODE_LINE", value: "\(record.line)"),
            Field(name: "CODE_FUNC", value: record.function),
        ]
        fields += record.fields.map { Field(name: journalFieldName($0.key), value: $0.value) }
        self.fields = fields
    }

    /// A log line that the journal refuses has nowhere else to go.
    func send() {
        var message = JournalMessage()
        for field in fields { message.add(field.name, field.value.utf8) }
        _ = message.send()
    }
}

/// The field for a metadata key: `source.account` is TWILSHIP_ACCOUNT, as promised to those who search for it; others follow the rule.
private func journalFieldName(_ key: String) -> String {
    switch key {
    case "message_id": return "MESSAGE_ID"
    case "source.account": return "TWILSHIP_ACCOUNT"
    case "source.stream": return "TWILSHIP_STREAM"
    case "sink.name": return "TWILSHIP_SINK"
    case "record.sid": return "TWILSHIP_SID"
    case "twilio.request_id": return "TWILSHIP_REQUEST_ID"
    default:
        // journald refuses names of other characters, and those longer than 64.
        let valid = key.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(("TWILSHIP_" + String(decoding: valid, as: UTF8.self)).prefix(64))
    }
}
