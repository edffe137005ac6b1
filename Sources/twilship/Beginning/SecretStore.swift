import Foundation
import Glibc
import Settings

/// Where secrets are kept for the service.
struct SecretStore {
    enum Kind: String, CaseIterable {
        /// /etc/credstore, handed over by systemd: LoadCredential=.
        case credstore
        /// /etc/credstore.encrypted, with the key of this machine or its TPM: LoadCredentialEncrypted=.
        case encrypted
        /// Files beside the configuration.
        case files
        /// Where they are: what `--secret-file` and the like name is referred to.
        case inPlace = "in-place"
    }

    let kind: Kind
    let directory: String
    /// Who may read the files besides their owner; nil: nobody.
    let group: gid_t?

    static let credstore = "/etc/credstore"
    static let encryptedCredstore = "/etc/credstore.encrypted"

    /// - Parameters:
    ///   - configuration: the file that refers to them.
    ///   - group: the service's, which must read files beside the configuration by itself.
    init(_ kind: Kind, beside configuration: String, group: gid_t?) {
        self.kind = kind
        directory =
            switch kind {
            case .credstore: Self.credstore
            case .encrypted: Self.encryptedCredstore
            case .files, .inPlace: NewFile.directory(of: configuration) + "/credentials"
            }
        self.group = kind == .files ? group : nil
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// What the configuration says.
    func reference(_ name: String) -> SecretReference {
        switch kind {
        case .credstore, .encrypted: .credential(name)
        case .files, .inPlace: .file(path(name))
        }
    }

    /// The unit's line that hands it over; nil if the service reads it by itself.
    func unitLine(_ name: String) -> String? {
        switch kind {
        case .credstore: "LoadCredential=\(name)"
        case .encrypted: "LoadCredentialEncrypted=\(name)"
        case .files, .inPlace: nil
        }
    }

    var directoryMode: mode_t { group == nil ? 0o700 : 0o750 }

    /// The file that keeps a secret.
    /// - Throws: `Refusal`, `NewFile.Failure`.
    func file(_ name: String, _ secret: Secret) throws -> NewFile {
        let bytes = Array(secret.reveal().utf8)
        return NewFile(
            path: path(name), bytes: kind == .encrypted ? try Self.encrypted(name, bytes) : bytes,
            mode: group == nil ? 0o600 : 0o640, group: group)
    }

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private static let systemdCreds = "/usr/bin/systemd-creds"

    static var canEncrypt: Bool { geteuid() == 0 && access(systemdCreds, X_OK) == 0 }

    /// The secret goes in by a pipe: arguments are for everybody to see.
    private static func encrypted(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: systemdCreds)
        process.arguments = ["encrypt", "--name=\(name)", "-", "-"]
        let (input, output, complaints) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = complaints
        do {
            try process.run()
        } catch {
            throw Refusal(description: "\(systemdCreds) cannot be run: \(error.localizedDescription)")
        }
        // A secret is shorter than what a pipe takes at once.
        try? input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try? input.fileHandleForWriting.close()
        let encrypted = output.fileHandleForReading.readDataToEndOfFile()
        let said = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, !encrypted.isEmpty else {
            let reason = said.split(separator: "\n").last.map(String.init) ?? "exit code \(process.terminationStatus)"
            throw Refusal(
                description: "systemd-creds cannot encrypt here: \(reason). --store credstore keeps the secret without")
        }
        return Array(encrypted)
    }
}
