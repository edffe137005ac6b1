import Formatting
import Forwarding
import Foundation
import Logging
import Normalising
import PipelineCore
import Settings
import Sinks
import Spooling
import Transport

extension SinkSettings {
    /// - Parameters:
    ///   - output: what a stdout sink has to do with the rest of the service.
    ///   - pulse: for threads of the sink.
    func make(
        store: any SinkStateStore, output: StandardOutputSink.Surroundings, pulse: Pulse? = nil, logger: Logger
    ) throws -> any Sink {
        switch kind {
        case .file(let file):
            let options = FileSinkOptions(
                path: try Sinks.PathTemplate(file.path.description),
                format: recordFormat,
                rotateBytes: file.rotateBytes.map(Int64.init), rotateInterval: file.rotateInterval,
                compression: FileSinkOptions.Compression(file.compression), keepFiles: file.keepFiles, keep: file.keep,
                mode: file.mode, group: file.group)
            return FileSink(name: name, options: options, store: store, log: logger)
        case .http(let http):
            var logger = logger
            logger[metadataKey: "sink.name"] = "\(name)"
            return try http.make(
                format: recordFormat, isText: format == .cef, inFlight: batch.inFlight, logger: logger,
                watch: pulse?.watch("HTTP client of sink \(name)"))
        case .syslog(let syslog):
            return try SyslogSink(
                name: name, options: SyslogSinkOptions(syslog, format: recordFormat), log: logger
            ) { [name] in pulse?.watch("connection of sink \(name)") }
        case .stdout:
            return StandardOutputSink(name: name, format: recordFormat, surroundings: output, log: logger)
        case .journal:
            return JournalSink(name: name, format: recordFormat)
        }
    }
}

extension SinkSettings {
    /// How the sink's records are written.
    var recordFormat: Formatting.RecordFormat {
        let style = Formatting.RecordFormat.RawStyle(rawValue: raw.rawValue) ?? .object
        var recordFormat: Formatting.RecordFormat =
            switch format {
            case .envelope: .envelope(raw: style)
            case .raw: .raw
            case .ecs: .ecs(raw: style)
            case .ocsf: .ocsf(raw: style)
            case .cef: .cef
            }
        for kind in redact {
            switch kind {
            case .phone: recordFormat.redaction.insert(.phone)
            case .email: recordFormat.redaction.insert(.email)
            case .secret: recordFormat.redaction.insert(.secret)
            case .card: recordFormat.redaction.insert(.card)
            }
        }
        return recordFormat
    }
}

extension FileSinkOptions.Compression {
    init(_ compression: FileCompression) {
        self =
            switch compression {
            case .gzip: .gzip
            case .zstd: .zstd
            case .none: .none
            }
    }
}

extension SyslogSinkOptions {
    init(_ settings: SyslogSinkSettings, format: Formatting.RecordFormat) {
        let tls = ByteStream.TLS(
            caFile: settings.tls?.caFile, certificateFile: settings.tls?.certificateFile,
            keyFile: settings.tls?.keyFile, serverName: settings.tls?.serverName)
        let framing: SyslogFraming =
            switch settings.framing {
            case .octetCounting: .octetCounting
            case .newline: .newline
            }
        let destination: Destination
        switch settings.addresses {
        case .path(let path): destination = .unix(path: path)
        case .hosts(let endpoints):
            let hosts = endpoints.map { ByteStream.Host(name: $0.host, port: $0.port) }
            switch settings.transport {
            case .udp: destination = .udp(hosts)
            case .tcp: destination = .tcp(hosts, framing)
            case .tls: destination = .tls(hosts, tls, framing)
            case .relp: destination = .relp(hosts)
            case .relpTLS: destination = .relpTLS(hosts, tls)
            case .unix: preconditionFailure("the settings give a UNIX socket a path")
            }
        }
        self.init(
            destination: destination,
            message: SyslogMessageOptions(
                facility: settings.facility.code, hostname: settings.hostname, appName: settings.appName,
                structuredDataID: settings.structuredDataID, byteOrderMark: settings.byteOrderMark,
                maximumBytes: settings.maximumMessageBytes, format: format),
            confirmAfter: settings.confirmAfter)
    }
}

extension SinkSettings.Start {
    func inSpool(_ now: Timestamp) -> SinkStart {
        switch self {
        case .now: .now
        case .oldest: .oldest
        case .ago(let duration): .from(now - duration)
        }
    }
}

extension RecordFilter {
    init(_ filter: FilterSettings) {
        self.init()
        if !filter.datasets.isEmpty { datasets = Set(filter.datasets.compactMap { Dataset(rawValue: $0.rawValue) }) }
        if !filter.accounts.isEmpty { accounts = Set(filter.accounts) }
        if let minimum = filter.minimumSeverity.flatMap({ Severity(name: $0.rawValue) }) { minimumSeverity = minimum }
        if !filter.types.isEmpty || !filter.excludeTypes.isEmpty { matchesType = { filter.matches(type: $0) } }
    }
}

extension FilterSettings {
    /// Whether `types` and `exclude_types` let a type through.
    func matches(type: String) -> Bool {
        let isWanted = types.isEmpty || types.contains { $0.matches(type) }
        return isWanted && !excludeTypes.contains { $0.matches(type) }
    }
}

extension Dispatcher.Options {
    init(_ sink: SinkSettings) {
        self.init(
            maximumRecords: sink.batch.maximumRecords, maximumBytes: sink.batch.maximumBytes,
            maximumWait: sink.batch.maximumWait,
            inFlight: sink.batch.inFlight, initialBackoff: sink.retry.initial, longestBackoff: sink.retry.maximum,
            form: sink.digest)
    }
}
