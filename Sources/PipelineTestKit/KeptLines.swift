package import Logging
import Synchronization

/// Keeps what is logged: of each line its facts.
package struct KeptLines: LogHandler {
    private final class Kept: Sendable {
        let lines = Mutex<[[String: String]]>([])
    }

    private let kept = Kept()
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.trace

    package init() {}

    package var told: [[String: String]] { kept.lines.withLock { $0 } }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let facts = (event.metadata ?? [:]).mapValues(\.description)
        kept.lines.withLock { $0.append(facts) }
    }
}
