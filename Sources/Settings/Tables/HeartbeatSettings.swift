/// `[heartbeat]`: our own records to every sink.
package struct HeartbeatSettings: Sendable, Equatable {
    /// nil: off.
    package let interval: Duration?

    init(_ reader: TableReader?) {
        let given = reader?.duration("interval", in: .seconds(10)...Duration.days(1), zeroIsOff: true)
        interval = given == .zero ? nil : given ?? .minutes(5)
        reader?.finish()
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("heartbeat")
        writer.key("interval", interval ?? .zero)
    }
}
