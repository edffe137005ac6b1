/// `[heartbeat]`: our own records to every sink.
package struct HeartbeatSettings: Sendable, Equatable {
    /// nil: off.
    package let interval: Duration?

    init(_ reader: TableReader?, capabilities: Capabilities) {
        let given = reader?.duration("interval", in: .seconds(10)...Duration.days(1), zeroIsOff: true)
        if let given, given != .zero { reader?.requires(.heartbeat, for: "interval") }
        let standard: Duration? = capabilities.features.contains(.heartbeat) ? .minutes(5) : nil
        interval = given == .zero ? nil : given ?? standard
        reader?.finish()
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("heartbeat")
        writer.key("interval", interval ?? .zero)
    }
}
