import ArgumentParser
import Foundation
import Glibc
import Settings
import SystemdSupport

/// Keeps the secrets, writes the configuration, and says what to do next.
extension Beginning {
    func write() throws {
        let store = SecretStore(try kind(), beside: place.path, group: place.group)
        let references = Dictionary(uniqueKeysWithValues: draft.secretsInUse.map { ($0, reference($0, store)) })
        let text = draft.text { references[$0] ?? .environment("NOT_GIVEN") }
        let configuration = NewFile(
            path: place.path, bytes: Array(text.utf8), mode: 0o640, group: place.group)
        // Encrypting may fail, so it comes first.
        var files: [NewFile] = []
        if store.kind != .inPlace {
            for use in draft.secretsInUse {
                guard let held = secrets[use]?.held else { continue }
                let secret = try held.reference.resolve(environment: [:])
                files.append(try store.file(draft.secretName(use), secret))
            }
        }
        try agree(files, configuration)
        // What follows takes milliseconds, and is undone if it fails.
        interruption.disregard()
        try put(files + [configuration], store)
        tell(files, configuration, store)
    }

    /// All of them or none: what can fail for want of room or rights is done before any of them gets its name.
    private func put(_ files: [NewFile], _ store: SecretStore) throws {
        var folders: [String] = []
        var drafts: [NewFile.Prepared] = []
        var made: [String] = []
        do {
            if files.count > 1 {
                folders += try NewFile.makeDirectory(store.directory, mode: store.directoryMode, group: store.group)
            }
            folders += try NewFile.makeDirectory(place.directory, mode: 0o755)
            for file in files { drafts.append(try file.prepared()) }
            for draft in drafts {
                // That something is replaced was agreed to.
                let isNew = !NewFile.isThere(draft.path)
                try draft.publish(replacing: !isNew)
                if isNew { made.append(draft.path) }
            }
        } catch {
            for draft in drafts { draft.discard() }
            for path in made.reversed() { unlink(path) }
            for folder in folders.reversed() { rmdir(folder) }
            throw CommandRefusal(exit: Exit.cannotCreate.rawValue, sentence: "\(error). Nothing is left behind")
        }
    }

    private func kind() throws -> SecretStore.Kind {
        if let given = options.store {
            if given == .inPlace, let use = draft.secretsInUse.first(where: { secrets[$0]?.origin == nil }) {
                throw CommandRefusal.usage(
                    "--store in-place refers to what --secret-file or --secret-env names; \(draft.secretName(use)) was "
                        + "typed or piped in")
            }
            if given == .encrypted, !SecretStore.canEncrypt {
                throw CommandRefusal.usage("--store encrypted needs root and systemd-creds")
            }
            return given
        }
        guard place.unit != nil else { return .files }
        guard let input, SecretStore.canEncrypt else { return .credstore }
        let chosen = try input.choose(
            "\nHow is the secret kept?",
            [
                ("credstore", "in \(SecretStore.credstore), for root only; systemd hands it to the service"),
                (
                    "encrypted",
                    "the same, encrypted with this machine's key or TPM: commands in a shell have it only while the "
                        + "service runs"
                ),
            ], default: "credstore")
        return SecretStore.Kind(rawValue: chosen) ?? .credstore
    }

    private func reference(_ use: Draft.SecretUse, _ store: SecretStore) -> SecretReference {
        if store.kind == .inPlace, let origin = secrets[use]?.origin { return origin }
        return store.reference(draft.secretName(use))
    }

    /// Shows what will be written, and asks.
    private func agree(_ files: [NewFile], _ configuration: NewFile) throws {
        let replaced = (files + [configuration]).filter { NewFile.isThere($0.path) }.map(\.path)
        guard let input else {
            guard replaced.isEmpty || options.overwrite else {
                throw CommandRefusal(
                    exit: Exit.cannotCreate.rawValue,
                    sentence: "\(replaced.joined(separator: ", ")) is there already; --overwrite replaces it, another "
                        + "--name keeps the secret elsewhere. Nothing was changed")
            }
            return
        }
        Terminal.complain("\nThis is written:")
        for file in files + [configuration] {
            let isReplaced = NewFile.isThere(file.path)
            Terminal.complain("  \(file.path)\(isReplaced ? "  REPLACING what is there" : "")".terminalSafe)
        }
        guard try input.confirm("Is that right?", default: replaced.isEmpty || options.overwrite) else {
            Terminal.complain("Nothing was written.")
            throw ExitCode(1)
        }
    }

    // MARK: - What next

    private func tell(_ files: [NewFile], _ configuration: NewFile, _ store: SecretStore) {
        for file in files {
            Terminal.say("wrote \(file.path): a secret, mode 0\(String(file.mode, radix: 8))".terminalSafe)
        }
        Terminal.say(
            "wrote \(configuration.path): the configuration, mode 0\(String(configuration.mode, radix: 8))".terminalSafe
        )
        Terminal.say("\nNext:\n")
        for line in Self.nextSteps(place, draft, store) { Terminal.say("  " + line.terminalSafe) }
    }

    /// Lines for a shell.
    static func nextSteps(_ place: ConfigurationPlace, _ draft: Draft, _ store: SecretStore) -> [String] {
        guard let unit = place.unit else {
            let option = "--config \(quoted(place.path))"
            return [
                "twilship check --online \(option)", "twilship run --once \(option)",
                "twilship status \(option)", "twilship run \(option)",
            ]
        }
        var dropIn = draft.secretsInUse.compactMap { store.unitLine(draft.secretName($0)) }
        var lines: [String] = []
        if case .file(let path) = draft.sink, !path.hasPrefix(place.logDirectory + "/") {
            // What comes behind the first value is made of records.
            let folder = NewFile.directory(of: String(path.prefix { $0 != "{" }))
            // As a unit file has it: blanks separate paths, and % begins a specifier.
            dropIn.append("ReadWritePaths=\"\(folder.replacing("%", with: "%%"))\"")
            // Whose a directory is that others use, too, is not changed.
            lines.append(
                NewFile.isThere(folder)
                    ? "runuser -u twilship -- test -w \(quoted(folder)) || echo the user twilship may not write there"
                    : "install -d -m 0750 -o twilship -g twilship \(quoted(folder))")
        }
        if !dropIn.isEmpty {
            let folder = "/etc/systemd/system/\(unit).service.d"
            lines.append("install -d \(quoted(folder))")
            let words = ["[Service]"] + dropIn
            lines.append(
                "printf '%s\\n' \(words.map(quoted).joined(separator: " ")) > \(quoted(folder + "/init.conf"))")
            lines.append("systemctl daemon-reload")
        }
        let option = unit == "twilship" ? "" : " --config \(quoted(place.path))"
        return lines + [
            "systemctl enable --now \(quoted(unit))", "\(place.environment)twilship status\(option)",
        ]
    }

    /// As a shell takes it for one word.
    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_./=@:".utf8.contains(byte)
        }
        return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
