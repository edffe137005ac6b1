import Glibc
import SystemdSupport

/// Looks whether journald is there.
package struct JournalProbe: Sendable {
    package init() {}

    package func run() -> [Finding] {
        let socket = JournalMessage.socket
        guard access(socket, W_OK) != 0 else { return [Finding(.fine, "journald listens at \(socket)")] }
        let code = errno
        let level: Finding.Level = code == EACCES || code == EPERM ? .refusal : .failure
        return [Finding(level, "\(socket): \(String(cString: strerror(code))). Is journald running?")]
    }
}
