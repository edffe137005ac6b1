package import Logging

/// Writes log events to the journal in its own protocol, so that every fact is a field that can be searched for.
package struct JournalLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let sharedLevel: SharedLogLevel
    private var ownLevel: Logger.Level?

    package init(level: SharedLogLevel) {
        sharedLevel = level
    }

    /// The shared level, unless this logger was given its own.
    package var logLevel: Logger.Level {
        get { ownLevel ?? sharedLevel.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let inherited = metadata.merging(metadataProvider?.get() ?? [:]) { _, provided in provided }
        JournalEntry(LogRecord(event, metadata: inherited)).send()
    }
}
