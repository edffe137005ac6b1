/// Where a secret is kept, as the configuration names it: `credential:NAME`, `file:PATH` or `env:NAME`.
package enum SecretReference: Sendable, Hashable, CustomStringConvertible {
    case credential(String)
    case file(String)
    case environment(String)

    /// Searched for `credential:NAME`, after the service's own `$CREDENTIALS_DIRECTORY`.
    package static let defaultCredentialDirectories = ["/run/credentials/twilship.service", "/etc/credstore"]

    /// File names are limited to 255 bytes by Linux, credential names by systemd.
    static let maximumNameLength = 255

    /// Why a text is no reference, as a sentence. Never quotes the text: it may be the secret.
    struct Malformed: Error { let reason: String }

    init(parsing text: String) throws(Malformed) {
        if let name = Self.rest(of: text, after: "credential:") {
            guard Self.isFileName(name) else {
                throw Malformed(
                    reason: "the name after `credential:` must be a plain file name of letters, digits and `_.-`")
            }
            self = .credential(name)
        } else if let path = Self.rest(of: text, after: "file:") {
            guard path.hasPrefix("/"), path.isPlainText, path.utf8.count < 4_096 else {
                throw Malformed(reason: "the path after `file:` must be absolute, like `file:/etc/twilship/secret`")
            }
            self = .file(path)
        } else if let name = Self.rest(of: text, after: "env:") {
            guard Self.isVariableName(name) else {
                throw Malformed(
                    reason: "the name after `env:` must be letters, digits and `_`, like `env:TWILIO_TOKEN`")
            }
            self = .environment(name)
        } else {
            throw Malformed(
                reason: "the secret itself must not stand here; say where it is kept: "
                    + "`credential:NAME`, `file:PATH` or `env:NAME`")
        }
    }

    /// Whether a text means to be a reference, so that a header's value can be told from one.
    static func isReference(_ text: String) -> Bool {
        ["credential:", "file:", "env:"].contains(where: text.hasPrefix)
    }

    package var description: String {
        switch self {
        case .credential(let name): "credential:\(name)"
        case .file(let path): "file:\(path)"
        case .environment(let name): "env:\(name)"
        }
    }

    private static func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private static func isFileName(_ name: String) -> Bool {
        (1...maximumNameLength).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isVariableName(_ name: String) -> Bool {
        (1...maximumNameLength).contains(name.utf8.count) && name.utf8.allSatisfy(isWord)
            && !(0x30...0x39).contains(name.utf8.first ?? 0x30)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || byte == UInt8(ascii: "_")
    }
}
