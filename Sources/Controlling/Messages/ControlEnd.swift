/// How a command ended.
package struct ControlEnd: Sendable, Hashable, Codable {
    /// The command's exit status, after sysexits.h; 0 is success.
    package let exit: Int32
    /// A sentence for the operator, if there is something to say.
    package let error: String?

    package init(exit: Int32, error: String? = nil) {
        self.exit = exit
        self.error = error
    }

    package static let success = ControlEnd(exit: 0)

    /// EX_PROTOCOL of sysexits.h.
    static let protocolExit: Int32 = 76

    /// EX_USAGE: the request was not understood.
    static func usage(_ error: String) -> ControlEnd { ControlEnd(exit: 64, error: error) }

    /// EX_TEMPFAIL: the same request may be taken later.
    static func later(_ error: String) -> ControlEnd { ControlEnd(exit: 75, error: error) }
}
