#if canImport(Glibc)
    import Glibc
#endif

/// Tells one content of a secret's file from another without reading it. Holds nothing of the secret but its length.
package struct SecretFingerprint: Sendable, Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]
    /// Also moves when the mode or owner does, and when a copy brings its old time of modification along.
    private let changed: [Int]

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}

extension SecretFingerprint {
    /// Of a certificate, say.
    /// - Returns: nil if the file cannot be opened.
    package init?(path: String) {
        guard let fingerprint = SecretFile.fingerprint(path) else { return nil }
        self = fingerprint
    }
}

extension SecretReference {
    /// Cheap enough to be asked for before every use: when it differs from the one taken *before* the last
    /// ``resolve(environment:credentialDirectories:)``, the secret is worth reading again, which also checks again who
    /// may read the file.
    ///
    /// nil for a variable, which cannot change, and for a file that cannot be opened: reading it will say why.
    package func fingerprint(
        environment: [String: String],
        credentialDirectories: [String] = Self.defaultCredentialDirectories
    ) -> SecretFingerprint? {
        switch self {
        case .credential(let name):
            Self.directories(environment, credentialDirectories).lazy
                .compactMap { SecretFile.fingerprint($0 + "/" + name) }.first
        case .file(let path): SecretFile.fingerprint(path)
        case .environment: nil
        }
    }
}
