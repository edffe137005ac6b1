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

    var milliseconds: Int64 {
        duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
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

/// `SHAPE=SHARE`.
struct ShapeShare: ExpressibleByArgument {
    let shape: RecordShape
    let share: Double

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let shape = RecordShape(rawValue: String(parts[0])), let share = Double(parts[1])
        else { return nil }
        self.shape = shape
        self.share = share
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
extension SimulatorOptions.Bounds: ExpressibleByArgument {}
extension SimulatorOptions.Fractions: ExpressibleByArgument {}
extension SimulatorOptions.LogPrecision: ExpressibleByArgument {}
extension SimulatorOptions.AlertDates: ExpressibleByArgument {}
extension SimulatorOptions.Paging: ExpressibleByArgument {}
extension SimulatorOptions.LateShape: ExpressibleByArgument {}
extension SimulatorOptions.RetryAfterForm: ExpressibleByArgument {}
extension SimulatorOptions.ErrorForm: ExpressibleByArgument {}
