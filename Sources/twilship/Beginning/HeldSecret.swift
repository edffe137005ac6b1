import CFileCalls
import Glibc
import Settings

/// A secret in memory that can be referred to as if it were kept in a file: what was typed is tried before it is kept,
/// by the same code that will use it, and is gone with this process.
final class HeldSecret: Sendable {
    private let descriptor: Int32

    /// - Throws: `NewFile.Failure` if the system has no memory for it.
    init(_ bytes: [UInt8]) throws(NewFile.Failure) {
        descriptor = cfilecalls_memory_file("twilship-init")
        // Files in memory are open to everybody at first, and such a secret is refused.
        guard descriptor >= 0, fchmod(descriptor, 0o600) == 0,
            bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count
        else {
            throw .notWritable(path: "a file in memory", reason: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    /// Good as long as this is held.
    var reference: SecretReference { .file("/proc/self/fd/\(descriptor)") }
}
