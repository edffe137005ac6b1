/// Why the service cannot take commands.
package enum ControlServerError: Error, Equatable, CustomStringConvertible {
    case alreadyServed(path: String)
    case notASocket(path: String)
    case cannotListen(path: String, reason: String)

    package var description: String {
        switch self {
        case .alreadyServed(let path):
            "another process answers at the control socket \(path): is twilship running already? Stop it first"
        case .notASocket(let path):
            "\(path) is in the way of the control socket and is not a socket, so it was not touched; remove it"
        case .cannotListen(let path, let reason):
            "the control socket \(path) cannot be opened: \(reason); commands cannot reach the running service"
        }
    }
}
