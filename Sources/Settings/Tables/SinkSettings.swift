package enum SinkType: String, Sendable, CaseIterable { case syslog, http, file, stdout, journal }

package enum RecordFormat: String, Sendable, CaseIterable { case envelope, raw, ecs, ocsf, cef }

/// `[[sink]]`: where records are delivered to, and how.
package struct SinkSettings: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case syslog(SyslogSinkSettings)
        case http(HTTPSinkSettings)
        case file(FileSinkSettings)
        case stdout
        case journal
    }

    /// How the envelope carries the record as Twilio gave it.
    package enum RawStyle: String, Sendable, CaseIterable { case object, string, none }
    package enum Redaction: String, Sendable, CaseIterable { case phone, email, secret, card }
    package enum WhenFull: String, Sendable, CaseIterable { case wait, skip }

    /// Where a sink that is seen for the first time begins.
    package enum Start: Sendable, Equatable {
        case now
        case oldest
        case ago(Duration)
    }

    package let name: String
    package let kind: Kind
    package let format: RecordFormat
    package let raw: RawStyle
    package let redact: [Redaction]
    package let start: Start
    package let whenFull: WhenFull
    package let filter: FilterSettings
    package let batch: BatchSettings
    package let retry: RetrySettings
    package let origins: Origins

    /// Where a value is missing or faulty a stand-in is used: a load with faults returns nothing.
    init(_ reader: TableReader) {
        reader.missing("name", "give the sink a label of its own: its position is kept under it")
        reader.missing("type", "it is one of \(SinkType.allCases.map(\.rawValue).joined(separator: ", "))")
        name = reader.label("name") ?? ""
        let type = reader.choice("type", of: SinkType.self)
        let capabilities = reader.context.capabilities
        if let type, !capabilities.sinkTypes.contains(type) {
            reader.fault("type", Capabilities.refusal(of: type, called: "sink type", among: capabilities.sinkTypes))
        }
        let batch = BatchSettings(reader.table("batch"), isForFile: type == .file)
        self.batch = batch
        retry = RetrySettings(reader.table("retry"))
        filter = FilterSettings(reader.table("filter"))
        kind =
            switch type {
            case .syslog: .syslog(SyslogSinkSettings(reader, batch: batch))
            case .http: .http(HTTPSinkSettings(reader))
            case .file: .file(FileSinkSettings(reader))
            case .stdout: .stdout
            case .journal, nil: .journal
            }
        let isElastic = if case .http(let http) = kind { http.preset == .elasticBulk } else { false }
        format = reader.choice("format", of: RecordFormat.self) ?? (isElastic ? .ecs : .envelope)
        if reader.has("format"), !capabilities.formats.contains(format) {
            reader.fault("format", Capabilities.refusal(of: format, called: "format", among: capabilities.formats))
        }
        if isElastic, format == .cef {
            reader.fault("format", "preset = \"elastic_bulk\" needs a format of JSON, and \"cef\" is text")
        }
        raw = reader.choice("raw", of: RawStyle.self) ?? (isElastic ? .string : .object)
        if reader.has("raw"), format == .raw {
            reader.fault("raw", "`raw` says how an envelope carries the record; format = \"raw\" has no envelope")
        }
        if reader.has("raw"), format == .cef {
            reader.fault("raw", "`raw` says how the record itself is carried; format = \"cef\" has no place for it")
        }
        redact = Set(reader.choices("redact", of: Redaction.self) ?? []).sorted { $0.rawValue < $1.rawValue }
        if !redact.isEmpty { reader.requires(.redaction, for: "redact") }
        start = Self.start(reader) ?? .now
        whenFull = reader.choice("when_full", of: WhenFull.self) ?? .wait
        if whenFull == .skip { reader.requires(.skippingWhenFull, for: "when_full") }
        origins = reader.origins
        Self.finish(reader, type: type)
    }

    private static func start(_ reader: TableReader) -> Start? {
        switch reader.value("start")?.content {
        case nil: return nil
        case .string("now"): return .now
        case .string("oldest"): return .oldest
        case .string(let text) where DurationText.duration(text) == nil:
            let advice = Suggestion.phrase(for: text, among: ["now", "oldest"])
            reader.fault("start", "`start` must be \"now\", \"oldest\" or a duration like \"24h\"\(advice)")
            return nil
        default: return reader.duration("start", in: .zero...Duration.days(400)).map(Start.ago)
        }
    }

    /// Keys of another type of sink are told so; if the type is not known, any type's keys are let pass.
    private static func finish(_ reader: TableReader, type: SinkType?) {
        guard let type else {
            for entry in reader.leftovers where Schema.keys(of: "sink").contains(entry.key) {
                _ = reader.value(entry.key)
            }
            return reader.finish()
        }
        let own = Schema.anySink + (Schema.sink[type] ?? [])
        reader.finish { key in
            let owners = SinkType.allCases.filter { Schema.sink[$0]?.contains(key) == true }
            if !owners.isEmpty {
                let listed = owners.map(\.rawValue).joined(separator: " or ")
                return "`\(key)` is a key of \(listed) sinks; this one is type = \"\(type.rawValue)\""
            }
            // Near misses are looked for among this type's keys first.
            return Suggestion.nearest(to: key, among: own).map {
                "unknown key `\(key.shownSafely)` in [[sink]]; did you mean `\($0)`?"
            }
        }
    }

    func write(to writer: inout TOMLWriter) {
        writer.tableInArray("sink")
        writer.key("name", name)
        writer.key("type", type.rawValue)
        writer.key("format", format.rawValue)
        if format != .raw { writer.key("raw", raw.rawValue) }
        writer.key("redact", redact.map(\.rawValue))
        switch start {
        case .now: writer.key("start", "now")
        case .oldest: writer.key("start", "oldest")
        case .ago(let duration): writer.key("start", duration)
        }
        writer.key("when_full", whenFull.rawValue)
        switch kind {
        case .syslog(let syslog): syslog.write(to: &writer)
        case .http(let http): http.write(to: &writer)
        case .file(let file): file.write(to: &writer)
        case .stdout, .journal: break
        }
        filter.write(to: &writer)
        batch.write(to: &writer)
        retry.write(to: &writer)
        switch kind {
        case .syslog(let syslog): syslog.tls?.write(to: &writer)
        case .http(let http):
            http.tls?.write(to: &writer)
            if http.network != .standard { http.network.write(to: &writer, table: "sink.network") }
        case .file, .stdout, .journal: break
        }
    }

    package var type: SinkType {
        switch kind {
        case .syslog: .syslog
        case .http: .http
        case .file: .file
        case .stdout: .stdout
        case .journal: .journal
        }
    }
}
