/// The kinds of records, named as in the envelope.
package enum SimulatedDataset: String, CaseIterable, Sendable {
    case events = "monitor.events"
    case logs = "serverless.logs"
    case alerts = "monitor.alerts"

    /// The two letters of its records' SIDs.
    var sidPrefix: String { self == .events ? "AE" : "NO" }

    /// For messages.
    static let names = allCases.map(\.rawValue).joined(separator: ", ")
}

/// What a request asks for, by its path; incidents can be limited to one.
package enum SimulatedEndpoint: String, CaseIterable, Sendable {
    case events, alerts, logs
    /// Lists and single ones of services, environments and functions, and whatever else is under `/v1/Services`.
    case services
    /// `/2010-04-01/Accounts`.
    case accounts

    init(_ path: [String]) {
        if path.first == "2010-04-01" {
            self = .accounts
        } else if path.count > 1, path[1] == "Services" {
            self = path.count > 5 && path[5] == "Logs" ? .logs : .services
        } else {
            self = path.count > 1 && path[1] == "Alerts" ? .alerts : .events
        }
    }

    /// The API it belongs to: each has its own rate limit.
    var api: SimulatedAPI {
        switch self {
        case .events, .alerts: .monitor
        case .logs, .services: .serverless
        case .accounts: .core
        }
    }
}

/// The APIs that one origin serves here; each has its own rate limit.
enum SimulatedAPI: String {
    case monitor, serverless, core
}
