/// Why a secret could not be had. The sentences name where it was looked for and what to do, never what was found.
package enum SecretError: Error, Sendable, Hashable, CustomStringConvertible {
    case credentialNotFound(name: String, lookedIn: [String])
    case fileNotFound(path: String)
    /// Whoever asks may not read it; somebody else may.
    case closed(path: String)
    case unreadable(path: String, reason: String)
    case notARegularFile(path: String)
    case openToOthers(path: String, mode: UInt32)
    case tooLarge(path: String)
    case variableNotSet(name: String)
    case empty(SecretReference)
    case unusableCharacters(SecretReference)

    package var description: String {
        switch self {
        case .credentialNotFound(let name, let directories):
            "credential \(name.quoted) was not found in \(directories.map(\.shownAsPath).joined(separator: ", ")); "
                + "put it in /etc/credstore/\(name.shownAsPath) (mode 0600), "
                + "see that the unit has LoadCredential=\(name.shownAsPath), and restart the service"
        case .fileNotFound(let path):
            "\(path.shownAsPath) does not exist; write the secret into it (mode 0600, owned by the service's user)"
        case .closed(let path):
            "\(path.shownAsPath) may not be read by this user; run as root or as the service's user, and see that this user may read it"
        case .unreadable(let path, let reason):
            "\(path.shownAsPath) cannot be read: \(reason)"
        case .notARegularFile(let path):
            "\(path.shownAsPath) is not a regular file"
        case .openToOthers(let path, let mode):
            "\(path.shownAsPath) has mode 0\(String(mode, radix: 8)): others can read or change it; "
                + "run `chmod o= \(path.shownAsPath)` and `chmod g-w \(path.shownAsPath)`, "
                + "and consider whether the secret must be replaced"
        case .tooLarge(let path):
            "\(path.shownAsPath) is larger than \(SecretFile.maximumSize) bytes: it cannot be the secret alone"
        case .variableNotSet(let name):
            "the environment variable \(name.shownSafely) is not set; "
                + "under systemd use LoadCredential= and `credential:NAME` rather than the environment"
        case .empty(let reference):
            "\(reference.description.shownAsPath) is empty; write the secret into it"
        case .unusableCharacters(let reference):
            "\(reference.description.shownAsPath) holds control characters or is not UTF-8; "
                + "it must hold the secret on one line and nothing else"
        }
    }
}
