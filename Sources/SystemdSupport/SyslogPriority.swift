import Logging

extension Logger.Level {
    /// The severity of syslog(3), as journald and `<N>` prefixes use it. `trace` has none of its own.
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
