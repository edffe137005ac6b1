import Formatting
import Forwarding
import Foundation
import Logging
import Normalising
import PipelineCore
import Settings
import Sinks
import Spooling

extension SinkSettings {
    func make(store: any SinkStateStore, logger: Logger) throws -> any Sink {
        switch kind {
        case .file(let file):
            let options = FileSinkOptions(
                path: try Sinks.PathTemplate(file.path.description),
                format: recordFormat,
                rotateBytes: file.rotateBytes.map(Int64.init), rotateInterval: file.rotateInterval,
                compression: file.compression == .gzip ? .gzip : .none, keepFiles: file.keepFiles, keep: file.keep,
                mode: file.mode, group: file.group)
            return FileSink(name: name, options: options, store: store, log: logger)
        case .syslog, .http, .stdout, .journal:
            preconditionFailure("the settings refuse sinks that do not exist yet")
        }
    }
}

extension SinkSettings {
    /// How the sink's records are written.
    var recordFormat: Formatting.RecordFormat {
        let style = Formatting.RecordFormat.RawStyle(rawValue: raw.rawValue) ?? .object
        return switch format {
        case .envelope: .envelope(raw: style)
        case .raw: .raw
        case .ecs: .ecs(raw: style)
        case .ocsf: .ocsf(raw: style)
        case .cef: .cef
        }
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
            initialBackoff: sink.retry.initial, longestBackoff: sink.retry.maximum)
    }
}
