import PipelineCore

/// A record's envelope taken apart, valid as long as the record's bytes are.
///
/// Strings are contents, as they stand between the quotes with their escapes, and so can be carried into other JSON as
/// they are. What the envelope does not have is nil.
struct Envelope {
    /// The line as far as `raw`, or all of it.
    let metadata: Text
    /// The record as Twilio sent it; empty when the envelope carries none.
    let raw: Text
    let dataset: Dataset
    let time: Timestamp
    let severity: Severity
    /// Whether `tags` must say `replay`.
    let isReplay: Bool

    private(set) var id: Text?
    private(set) var account: Text?
    private(set) var accountSID: Text?
    private(set) var timeText: Text?
    private(set) var collected: Text?
    private(set) var type: Text?
    private(set) var action: Text?
    private(set) var message: Text?
    private(set) var actor = Actor()
    private(set) var resource = Resource()
    private(set) var function = Function()
    private(set) var alert = Alert()
    private(set) var collector = Collector()
    private(set) var timeError: Text?
    private(set) var rawError: Text?

    /// Tokens: objects and arrays with their brackets.
    private(set) var actorToken: Text?
    private(set) var resourceToken: Text?
    private(set) var functionToken: Text?
    private(set) var alertToken: Text?
    private(set) var changes: Text?
    private(set) var tags: Text?
    private(set) var shortened: Text?
    private(set) var redacted: Text?
    /// Whether there are members that only twilship's own records have.
    private(set) var hasOthers = false

    struct Actor {
        fileprivate(set) var type: Text?
        fileprivate(set) var sid: Text?
        fileprivate(set) var ip: Text?
        fileprivate(set) var via: Text?
        /// A person, who can sign in to the console.
        var isUser: Bool { sid?.hasPrefix("US") == true }
    }

    struct Resource {
        fileprivate(set) var type: Text?
        fileprivate(set) var sid: Text?
        var isUser: Bool { sid?.hasPrefix("US") == true }
    }

    struct Function {
        fileprivate(set) var serviceSID: Text?
        fileprivate(set) var environmentSID: Text?
        fileprivate(set) var functionSID: Text?
        fileprivate(set) var requestSID: Text?
    }

    struct Alert {
        fileprivate(set) var errorCode: Text?
        fileprivate(set) var moreInfo: Text?
        fileprivate(set) var requestMethod: Text?
        fileprivate(set) var requestURL: Text?
        fileprivate(set) var serviceSID: Text?
    }

    struct Collector {
        fileprivate(set) var host: Text?
        fileprivate(set) var version: Text?
    }

    /// - Parameter raw: where `raw` lies within the line; empty if there is none.
    init(_ record: SpooledRecord, line: Text, raw: Range<Int>) {
        self.raw = line.extracting(raw)
        dataset = record.origin.dataset
        time = record.entry.time
        severity = record.entry.severity
        isReplay = record.isReplay
        // `,"raw":` ends what is of interest.
        metadata = line.extracting(0..<(raw.isEmpty ? line.count : raw.lowerBound - 7))
        var cursor = EnvelopeCursor(metadata)
        cursor.forEachMember { key, cursor in take(key, &cursor) }
    }

    private mutating func take(_ key: Text, _ cursor: inout EnvelopeCursor) {
        let name = EnvelopeKey(key)
        let start = cursor.position
        switch name {
        case .actor: takeActor(&cursor)
        case .resource: takeResource(&cursor)
        case .function: takeFunction(&cursor)
        case .alert: takeAlert(&cursor)
        case .collector: takeCollector(&cursor)
        default:
            take(name, cursor.skipValue())
            return
        }
        let token = cursor.token(from: start)
        switch name {
        case .actor: actorToken = token
        case .resource: resourceToken = token
        case .function: functionToken = token
        case .alert: alertToken = token
        default: break
        }
    }

    private mutating func take(_ name: EnvelopeKey, _ token: Text) {
        switch name {
        case .id: id = token.contents
        case .account: account = token.contents
        case .accountSID: accountSID = token.contents
        case .time: timeText = token.contents
        case .collected: collected = token.contents
        case .type: type = token.contents
        case .action: action = token.contents
        case .message: message = token.contents
        case .changes: changes = token
        case .tags: tags = token.count > 2 ? token : nil
        case .timeError: timeError = token.contents
        case .rawError: rawError = token.contents
        case .shortened: shortened = token
        case .redacted: redacted = token
        case .schema, .dataset, .severity, .truncated, .actor, .resource, .function, .alert, .collector: break
        case .other: hasOthers = true
        }
    }

    private mutating func takeActor(_ cursor: inout EnvelopeCursor) {
        cursor.forEachMember { key, cursor in
            let value = cursor.skipValue()
            if key.equals("type") { actor.type = value.contents }
            if key.equals("sid") { actor.sid = value.contents }
            if key.equals("ip") { actor.ip = value.contents }
            if key.equals("via") { actor.via = value.contents }
        }
    }

    private mutating func takeResource(_ cursor: inout EnvelopeCursor) {
        cursor.forEachMember { key, cursor in
            let value = cursor.skipValue()
            if key.equals("type") { resource.type = value.contents }
            if key.equals("sid") { resource.sid = value.contents }
        }
    }

    private mutating func takeFunction(_ cursor: inout EnvelopeCursor) {
        cursor.forEachMember { key, cursor in
            let value = cursor.skipValue()
            if key.equals("service_sid") { function.serviceSID = value.contents }
            if key.equals("environment_sid") { function.environmentSID = value.contents }
            if key.equals("function_sid") { function.functionSID = value.contents }
            if key.equals("request_sid") { function.requestSID = value.contents }
        }
    }

    private mutating func takeAlert(_ cursor: inout EnvelopeCursor) {
        cursor.forEachMember { key, cursor in
            let value = cursor.skipValue()
            if key.equals("error_code") { alert.errorCode = value.contents }
            if key.equals("more_info") { alert.moreInfo = value.contents }
            if key.equals("request_method") { alert.requestMethod = value.contents }
            if key.equals("request_url") { alert.requestURL = value.contents }
            if key.equals("service_sid") { alert.serviceSID = value.contents }
        }
    }

    private mutating func takeCollector(_ cursor: inout EnvelopeCursor) {
        cursor.forEachMember { key, cursor in
            let value = cursor.skipValue()
            if key.equals("host") { collector.host = value.contents }
            if key.equals("version") { collector.version = value.contents }
        }
    }
}

extension SpooledRecord {
    /// Runs `body` with the envelope taken apart.
    func withEnvelope<Result>(_ body: (Envelope) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            let line = bytes.extracting(entry.line)
            let start = entry.line.lowerBound
            let raw = entry.raw.isEmpty ? 0..<0 : entry.raw.lowerBound - start..<entry.raw.upperBound - start
            return body(Envelope(self, line: line, raw: raw))
        }
    }
}

extension Dataset {
    /// The envelope's word for it.
    var word: StaticString {
        switch self {
        case .monitorEvents: "monitor.events"
        case .serverlessLogs: "serverless.logs"
        case .monitorAlerts: "monitor.alerts"
        case .twilship: "twilship"
        }
    }
}
