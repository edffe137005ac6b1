/// `[sink.retry]`: the pauses between attempts, growing with full jitter.
package struct RetrySettings: Sendable, Equatable {
    package let initial: Duration
    package let maximum: Duration

    init(_ reader: TableReader?) {
        initial = reader?.duration("initial", in: .milliseconds(10)...Duration.hours(1)) ?? .seconds(1)
        maximum = reader?.duration("max", in: .milliseconds(10)...Duration.hours(24)) ?? .minutes(5)
        if let reader, maximum < initial {
            reader.fault(
                reader.has("max") ? "max" : "initial",
                "`max` (\(DurationText.text(maximum))) is less than `initial` (\(DurationText.text(initial)))")
        }
        reader?.finish()
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("sink.retry")
        writer.key("initial", initial)
        writer.key("max", maximum)
    }
}
