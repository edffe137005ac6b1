/// Why the running service could not be asked, or its answer not understood.
package enum ControlClientError: Error, Equatable, CustomStringConvertible {
    /// Nobody listens: the caller can do the work itself.
    case noService(path: String)
    case notPermitted(path: String)
    /// Others have been waiting to be let in for seconds.
    case busy(path: String)
    case requestTooLarge
    /// What the service sent is no answer, or has no end.
    case brokenAnswer(String)
    case system(path: String, reason: String)

    package var description: String {
        switch self {
        case .noService(let path): "no service listens at \(path)"
        case .notPermitted(let path):
            "the running service may not be asked at \(path) by this user: "
                + "join the group twilship (`usermod -aG twilship USER`, then log in again) or use sudo"
        case .busy(let path): "the service does not take commands at \(path): too many are waiting; try again"
        case .requestTooLarge:
            "the command with its arguments is longer than \(ControlProtocol.maximumRequestBytes) bytes"
        case .brokenAnswer(let what):
            "\(what); what the command did until then stands: see the service's journal and `twilship status`"
        case .system(let path, let reason): "the running service cannot be asked at \(path): \(reason)"
        }
    }
}
