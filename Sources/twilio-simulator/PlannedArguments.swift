import ArgumentParser
import Simulating

/// What stands before the first comma, and `KEY=VALUE` behind each.
private struct Details {
    let head: String
    private var values: [String: String] = [:]

    /// Nil where a key is not one of these, or has no value.
    init?(_ argument: String, keys: Set<String>) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        head = String(parts[0])
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, keys.contains(String(pair[0])) else { return nil }
            values[String(pair[0])] = String(pair[1])
        }
    }

    /// A value that is there and cannot be read was found.
    private(set) var isBroken = false

    /// Nil where it is left out, or cannot be read.
    mutating func value<Value>(_ key: String, _ read: (String) -> Value?) -> Value? {
        guard let text = values[key] else { return nil }
        let value = read(text)
        if value == nil { isBroken = true }
        return value
    }
}

/// `NAME[=SHARE]@AFTER+LENGTH[,endpoint=NAME][,account=SID][,retry-after=DURATION]`.
struct PlannedIncident: ExpressibleByArgument {
    /// With times in milliseconds after the start.
    let incident: Incident

    init?(argument: String) {
        guard var details = Details(argument, keys: ["endpoint", "account", "retry-after"]) else { return nil }
        let parts = details.head.split(separator: "@")
        guard parts.count == 2 else { return nil }
        let name = parts[0].split(separator: "=")
        let times = parts[1].split(separator: "+").map { Span(argument: String($0)) }
        guard (1...2).contains(name.count), let fault = SimulatedFault(rawValue: String(name[0])),
            let share = name.count == 2 ? Double(name[1]) : 1, times.count == 2, let after = times[0],
            let length = times[1]
        else { return nil }
        incident = Incident(
            fault, from: after.milliseconds, until: after.milliseconds + length.milliseconds, share: share,
            account: details.value("account") { $0 },
            endpoint: details.value("endpoint") { SimulatedEndpoint(rawValue: $0) },
            retryAfter: details.value("retry-after") { Span(argument: $0)?.duration })
        if details.isBroken { return nil }
    }
}

/// `COUNT@AFTER[,dataset=NAME][,account=INDEX][,environment=INDEX][,function=spread|none|INDEX]`.
struct PlannedPileUp: ExpressibleByArgument {
    /// With its time in milliseconds after the start.
    let pileUp: PileUp

    init?(argument: String) {
        let keys: Set<String> = ["dataset", "account", "environment", "function"]
        guard var details = Details(argument, keys: keys) else { return nil }
        let parts = details.head.split(separator: "@")
        guard parts.count == 2, let count = Int(parts[0]), let after = Span(argument: String(parts[1])) else {
            return nil
        }
        pileUp = PileUp(
            account: details.value("account") { Int($0) } ?? 0,
            dataset: details.value("dataset") { SimulatedDataset(rawValue: $0) } ?? .logs,
            environment: details.value("environment") { Int($0) } ?? 0, at: after.milliseconds, count: count,
            function: details.value("function", Self.function) ?? .spread)
        if details.isBroken { return nil }
    }

    private static func function(_ text: String) -> FunctionChoice? {
        switch text {
        case "spread": FunctionChoice.spread
        case "none": FunctionChoice.none
        default: Int(text).map(FunctionChoice.one)
        }
    }
}
