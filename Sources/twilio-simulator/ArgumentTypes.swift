import ArgumentParser
import Simulating

/// A duration as people write it.
struct Span: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration

    init(_ seconds: Int) {
        duration = .seconds(seconds)
    }

    init?(argument: String) {
        guard let duration = Duration(simulator: argument) else { return nil }
        self.duration = duration
    }

    var description: String { "\(duration.components.seconds)s" }
    var defaultValueDescription: String { description }
}

/// `NAME=RATE`.
struct FaultRate: ExpressibleByArgument {
    let fault: SimulatedFault
    let rate: Double

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let fault = SimulatedFault(rawValue: String(parts[0])), let rate = Double(parts[1])
        else { return nil }
        self.fault = fault
        self.rate = rate
    }
}

/// A date in RFC 3339.
struct Instant: ExpressibleByArgument {
    let milliseconds: Int64

    init?(argument: String) {
        guard let milliseconds = SimulatorClock.milliseconds(argument) else { return nil }
        self.milliseconds = milliseconds
    }
}

extension SimulatorOptions.RateScope: ExpressibleByArgument {}
extension SimulatorOptions.CapForm: ExpressibleByArgument {}
extension SimulatorOptions.LogBounds: ExpressibleByArgument {}
extension SimulatorOptions.LogPrecision: ExpressibleByArgument {}
extension SimulatorOptions.Paging: ExpressibleByArgument {}
