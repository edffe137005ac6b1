/// What this version of the program can do, so that a configuration asking for more is refused by name instead of
/// being ignored in silence. What is not available is still read and checked.
package struct Capabilities: Sendable {
    /// Options that are part of the configuration's language, and of the program only once they are listed here.
    package enum Feature: String, Sendable, CaseIterable {
        case metricsTextfile = "textfile in [metrics]"
        case metricsListen = "listen in [metrics]"
        case subaccountDiscovery = "subaccounts = \"discover\""
        case redaction = "redact"
        case heartbeat = "interval in [heartbeat]"
        case skippingWhenFull = "when_full = \"skip\""
        case batchesInFlight = "in_flight above 1"
        case environmentScope = "scope = \"environment\""
    }

    package var sinkTypes: Set<SinkType>
    package var formats: Set<RecordFormat>
    package var fileCompressions: Set<FileCompression>
    package var datasets: Set<DatasetName>
    package var features: Set<Feature>

    package init(
        sinkTypes: Set<SinkType>,
        formats: Set<RecordFormat>,
        fileCompressions: Set<FileCompression>,
        datasets: Set<DatasetName>,
        features: Set<Feature>
    ) {
        self.sinkTypes = sinkTypes
        self.formats = formats
        self.fileCompressions = fileCompressions
        self.datasets = datasets
        self.features = features
    }

    package static let thisVersion = Capabilities(
        sinkTypes: Set(SinkType.allCases),
        formats: Set(RecordFormat.allCases),
        fileCompressions: Set(FileCompression.allCases),
        datasets: Set(DatasetName.allCases),
        features: Set(Feature.allCases)
    )

    package static let everything = Capabilities(
        sinkTypes: Set(SinkType.allCases),
        formats: Set(RecordFormat.allCases),
        fileCompressions: Set(FileCompression.allCases),
        datasets: Set(DatasetName.allCases),
        features: Set(Feature.allCases)
    )

    /// `sink type "syslog" is not available in this version; available: file`
    static func refusal<Choice: RawRepresentable<String> & CaseIterable & Hashable>(
        of choice: Choice, called name: String, among available: Set<Choice>
    ) -> String {
        let listed = Choice.allCases.filter(available.contains).map(\.rawValue).joined(separator: ", ")
        return "\(name) \"\(choice.rawValue)\" is not available in this version; available: \(listed)"
    }
}

/// The kinds of records, by the names they have in envelopes and filters.
package enum DatasetName: String, Sendable, CaseIterable, Hashable {
    case monitorEvents = "monitor.events"
    case serverlessLogs = "serverless.logs"
    case monitorAlerts = "monitor.alerts"
    /// Our own: heartbeats, gaps and the like.
    case twilship
}
