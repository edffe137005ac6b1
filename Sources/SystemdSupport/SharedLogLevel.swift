package import Logging
import Synchronization

/// The level of all loggers that were not given one of their own. Setting it takes effect at once, everywhere.
package final class SharedLogLevel: Sendable {
    private let current: Mutex<Logger.Level>

    package init(_ level: Logger.Level) {
        current = Mutex(level)
    }

    package var level: Logger.Level {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
