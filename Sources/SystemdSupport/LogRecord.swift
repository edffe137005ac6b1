import Logging

/// A log event with all metadata that applies to it, flat and in order: what both handlers write, each in its form.
struct LogRecord {
    /// More facts than this in one event is a mistake; the rest is left out and its number said.
    static let maxFields = 64
    /// journald and terminals take more, but a value of this size is somebody's whole document.
    static let maxValueBytes = 8 << 10

    struct Field: Equatable {
        let key: String
        let value: String
    }

    let level: Logger.Level
    let message: String
    let fields: [Field]
    let file: String
    let line: UInt
    let function: String

    /// - Parameter metadata: the logger's own; the event's takes precedence over it.
    init(_ event: LogEvent, metadata: Logger.Metadata) {
        level = event.level
        message = event.message.description.shortened(toBytes: Self.maxValueBytes).terminalSafe
        file = event.file
        line = event.line
        function = event.function
        var all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        var fields: [Field] = []
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { flatten(value, key, into: &fields) }
        if fields.count > Self.maxFields {
            let left = fields.count - Self.maxFields
            fields = Array(fields.prefix(Self.maxFields)) + [Field(key: "fields_left_out", value: "\(left)")]
        }
        self.fields = fields
    }

    /// The message and what it is about, for those who see a line and no fields: `message: key=value key="two words"`.
    var sentence: String {
        let facts = fields.filter { $0.key != "message_id" }.map { "\($0.key)=\(quoted($0.value))" }
        return facts.isEmpty ? message : "\(message): \(facts.joined(separator: " "))"
    }
}

/// A dictionary's entries become fields with dotted keys.
private func flatten(_ value: Logger.MetadataValue, _ key: String, into fields: inout [LogRecord.Field]) {
    if case .dictionary(let entries) = value {
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) { flatten(entry, "\(key).\(name)", into: &fields) }
    } else {
        let text = value.description.shortened(toBytes: LogRecord.maxValueBytes).terminalSafe
        fields.append(LogRecord.Field(key: key.shortened(toBytes: 64).terminalSafe, value: text))
    }
}

private func quoted(_ value: String) -> String {
    guard value.isEmpty || value.contains(where: { " \"=\\".contains($0) }) else { return value }
    // What a value quotes must not look like the end of it.
    return "\"" + value.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined() + "\""
}
