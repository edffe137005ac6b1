import Glibc
import Sockets

/// A socket's place: its directory, held open, and its name there.
///
/// - The directory may be reached through links; the socket itself never is.
/// - An address has room for 107 bytes. A longer path is reached through `/proc/self/fd`, so only the name is limited.
final class UnixPath: Sendable {
    /// The socket's name is its last part.
    let path: String
    let name: String
    let directory: Int32

    /// O_PATH of open(2), which Glibc's module does not have: no right to read the directory is needed.
    private static let openPath: Int32 = 0o10000000

    /// sun_path without the zero at its end (unix(7)).
    static let maximumAddressBytes = 107

    init(_ path: String) throws(SystemError) {
        let slash = path.lastIndex(of: "/")
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != "..", !path.utf8.contains(0) else {
            throw SystemError(call: "open", code: EINVAL)
        }
        let directory = open(parent, Self.openPath | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SystemError(call: "open", code: errno) }
        self.path = path
        self.name = name
        self.directory = directory
    }

    deinit { close(directory) }

    /// ENAMETOOLONG if the name alone does not fit.
    func withAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(SystemError) -> Result {
        let direct = Array(path.utf8)
        let bytes =
            direct.count <= Self.maximumAddressBytes ? direct : Array("/proc/self/fd/\(directory)/\(name)".utf8)
        guard bytes.count <= Self.maximumAddressBytes else {
            throw SystemError(call: "bind or connect", code: ENAMETOOLONG)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
