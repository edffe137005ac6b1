import Glibc
import Sockets

extension StreamSocket {
    /// A new UNIX socket, not yet bound or connected.
    static func unbound() throws(SystemError) -> StreamSocket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw SystemError(call: "socket", code: errno) }
        return StreamSocket(owning: descriptor)
    }

    /// Who connected, as the kernel noted it then (SO_PEERCRED, unix(7)).
    func peer() throws(SystemError) -> ControlPeer {
        var credentials = Credentials()
        var size = socklen_t(MemoryLayout<Credentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
            throw SystemError(call: "getsockopt", code: errno)
        }
        return ControlPeer(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid)
    }

    /// struct ucred of unix(7), which Glibc's module does not have.
    private struct Credentials {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }
}
