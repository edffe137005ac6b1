import Glibc
import Sockets

/// The socket file that clients find, from its making to its removal.
///
/// - A socket that somebody answers at is left alone; one that nobody answers at is replaced.
/// - What is no socket is never touched, and links are not followed.
/// - Owner, group and mode are set before anybody can connect.
struct ListeningSocket {
    let socket: StreamSocket
    private let place: UnixPath
    private let identity: FileIdentity

    /// Clients that connected and are not yet accepted.
    private static let backlog: Int32 = 64

    init(path: String, group: String?, notice: (String) -> Void) throws(ControlServerError) {
        do throws(SystemError) {
            place = try UnixPath(path)
            socket = try StreamSocket.unbound()
        } catch {
            throw .cannotListen(path: path, reason: error.reason)
        }
        try Self.clear(place)
        do throws(SystemError) {
            // Linux gives the file the mode of the unbound socket, so that it is never open to more than its owner.
            try Self.check("fchmod", fchmod(socket.descriptor, 0o600))
            let descriptor = socket.descriptor
            try Self.check("bind", place.withAddress { bind(descriptor, $0, $1) })
            if Self.give(place, to: group, notice: notice) {
                try Self.check("fchmodat", fchmodat(place.directory, place.name, 0o660, AT_SYMLINK_NOFOLLOW))
            }
            guard let identity = FileIdentity(place) else { throw SystemError(call: "fstatat", code: errno) }
            self.identity = identity
            try Self.check("listen", listen(descriptor, Self.backlog))
        } catch {
            throw .cannotListen(path: path, reason: error.reason)
        }
    }

    /// Nobody can connect from now on. The file stays if it is somebody else's by now.
    func close() {
        socket.shutDown()
        if let now = FileIdentity(place), now.device == identity.device, now.inode == identity.inode {
            unlinkat(place.directory, place.name, 0)
        }
    }

    private static func check(_ call: String, _ result: Int32) throws(SystemError) {
        guard result == 0 else { throw SystemError(call: call, code: errno) }
    }

    /// Removes what a service left that did not end well.
    private static func clear(_ place: UnixPath) throws(ControlServerError) {
        guard let found = FileIdentity(place) else { return }
        guard found.isSocket else { throw .notASocket(path: place.path) }
        let code: Int32
        do throws(SystemError) {
            let probe = try StreamSocket.unbound()
            let descriptor = probe.descriptor
            code = try place.withAddress { connect(descriptor, $0, $1) == 0 ? 0 : errno }
        } catch {
            throw .cannotListen(path: place.path, reason: error.reason)
        }
        switch code {
        // EAGAIN: somebody listens, and is busy.
        case 0, EAGAIN: throw .alreadyServed(path: place.path)
        case ECONNREFUSED:
            if unlinkat(place.directory, place.name, 0) != 0, errno != ENOENT {
                throw .cannotListen(path: place.path, reason: SystemError(call: "unlink", code: errno).reason)
            }
        case ENOENT: break
        default: throw .cannotListen(path: place.path, reason: SystemError(call: "connect", code: code).reason)
        }
    }

    /// Whether the file is the group's now.
    private static func give(
        _ place: UnixPath, to group: String?, notice: (String) -> Void
    ) -> Bool {
        guard let group else { return false }
        guard let gid = GroupNumber.named(group) else {
            notice("there is no group \(group): only the service's user and root can use \(place.path)")
            return false
        }
        // A hardened service may not change owners, and most often need not: the group is its own.
        if FileIdentity(place)?.group == gid { return true }
        guard fchownat(place.directory, place.name, uid_t.max, gid, AT_SYMLINK_NOFOLLOW) == 0 else {
            let reason = SystemError(call: "chown", code: errno).reason
            notice(
                "\(place.path) cannot be given to the group \(group): \(reason); "
                    + "only the service's user and root can use it")
            return false
        }
        return true
    }
}

/// Which file a name stands for at a moment.
struct FileIdentity: Equatable {
    let device: UInt64
    let inode: UInt64
    let isSocket: Bool
    let group: gid_t

    /// nil if there is none, or it cannot be looked at; links are not followed.
    init?(_ place: UnixPath) {
        var status = stat()
        guard fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
        group = status.st_gid
    }
}

enum GroupNumber {
    /// getgrnam_r(3) asks for more room until the members fit.
    static func named(_ name: String) -> gid_t? {
        var size = 1 << 10
        while size <= 1 << 20 {
            var entry = group()
            var found: UnsafeMutablePointer<group>?
            var buffer = [CChar](repeating: 0, count: size)
            let code = getgrnam_r(name, &entry, &buffer, size, &found)
            if code == ERANGE {
                size *= 4
            } else if code == EINTR {
                continue
            } else {
                return code == 0 && found != nil ? entry.gr_gid : nil
            }
        }
        return nil
    }
}
