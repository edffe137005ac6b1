extension SecretReference {
    /// Reads the secret from where it is kept, now: nothing is remembered, so a changed file gives the new secret.
    ///
    /// - Parameters:
    ///   - environment: the process's environment, also for `$CREDENTIALS_DIRECTORY`.
    ///   - credentialDirectories: searched in this order, after `$CREDENTIALS_DIRECTORY`.
    package func resolve(
        environment: [String: String],
        credentialDirectories: [String] = Self.defaultCredentialDirectories
    ) throws(SecretError) -> Secret {
        switch self {
        case .credential(let name):
            let directories = Self.directories(environment, credentialDirectories)
            return try secret(from: Self.credential(name, in: directories))
        case .file(let path):
            return try secret(from: SecretFile.read(path))
        case .environment(let name):
            guard let value = environment[name] else { throw .variableNotSet(name: name) }
            return try secret(from: Array(value.utf8))
        }
    }

    /// The service's own directory, then the others.
    static func directories(_ environment: [String: String], _ others: [String]) -> [String] {
        let own = environment["CREDENTIALS_DIRECTORY"].flatMap { $0.isEmpty ? nil : $0 }
        return [own].compactMap { $0 } + others.filter { $0 != own }
    }

    /// The first that can be read. In a shell the service's own directory is closed to most users, so that it is said
    /// only if no other directory has the credential.
    private static func credential(_ name: String, in directories: [String]) throws(SecretError) -> [UInt8] {
        var closed: SecretError?
        for directory in directories {
            do throws(SecretError) {
                return try SecretFile.read(directory + "/" + name)
            } catch {
                switch error {
                case .fileNotFound: continue
                case .closed, .unreadable: closed = closed ?? error
                default: throw error
                }
            }
        }
        throw closed ?? .credentialNotFound(name: name, lookedIn: directories)
    }

    /// One trailing newline is how editors and `echo` end a file; it is no part of the secret.
    private func secret(from bytes: [UInt8]) throws(SecretError) -> Secret {
        var bytes = bytes[...]
        if bytes.last == UInt8(ascii: "\n") { bytes = bytes.dropLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        if bytes.isEmpty { throw .empty(self) }
        guard let text = String(validating: bytes, as: UTF8.self), text.isPlainText else {
            throw .unusableCharacters(self)
        }
        return Secret(text)
    }
}
