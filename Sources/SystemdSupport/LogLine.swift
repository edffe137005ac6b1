import Logging

/// How a log record looks as one line of text.
enum LogLine: Sendable, Equatable {
    /// `2026-11-21T08:00:00.123Z warning message: key=value`
    case text
    /// The same in colour, for people.
    case colouredText
    /// `<4>message: key=value`: who reads this adds the time and understands the priority (sd-daemon(3)).
    case prefixed
    /// One JSON object.
    case json

    func text(of record: LogRecord, at time: UTCTime) -> String {
        switch self {
        case .text: "\(time) \(record.level.rawValue) \(record.sentence)"
        case .colouredText: "\u{1B}[2m\(time)\u{1B}[0m \(coloured(record.level)) \(record.sentence)"
        case .prefixed: "<\(record.level.syslogPriority)>\(record.sentence)"
        case .json: jsonObject(record, time)
        }
    }
}

private func coloured(_ level: Logger.Level) -> String {
    switch level {
    case .trace, .debug: "\u{1B}[2m\(level.rawValue)\u{1B}[0m"
    case .info, .notice: level.rawValue
    case .warning: "\u{1B}[33m\(level.rawValue)\u{1B}[0m"
    case .error, .critical: "\u{1B}[31m\(level.rawValue)\u{1B}[0m"
    }
}

/// Facts are strings under `fields`, apart from the keys that are ours.
private func jsonObject(_ record: LogRecord, _ time: UTCTime) -> String {
    let fields = record.fields.map { "\(jsonString($0.key)):\(jsonString($0.value))" }.joined(separator: ",")
    return
        "{\"time\":\"\(time)\",\"level\":\"\(record.level.rawValue)\",\"message\":\(jsonString(record.message)),\"fields\":{\(fields)}}"
}

/// A record's texts hold no control characters any more, so two characters are left to escape (RFC 8259, 7).
private func jsonString(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { quoted += "\\" }
        quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
}
