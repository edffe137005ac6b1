import ArgumentParser
import Foundation
import Glibc
import Logging
import PipelineCore
import Settings
import Sinks
import SystemdSupport

/// Leads from nothing to a first configuration: asks, tries each answer where it will be used, and writes at the end.
///
/// - Nothing is written before everything is known and was agreed to; whoever leaves earlier leaves nothing behind.
/// - Secrets are in memory until then. They are never shown, and never an argument.
/// - Without a terminal nobody is asked: what the options lack is an error that names them.
struct Beginning {
    /// A secret, and where it was when it was given; nil if it was typed.
    struct GivenSecret {
        let held: HeldSecret
        let origin: SecretReference?
    }

    let options: Init
    let place: ConfigurationPlace
    /// Nil: nobody is asked.
    let input: TerminalInput?
    let interruption: Interruption
    let clock = SystemClock()
    let logger = Logger(label: "twilship") { _ in SwiftLogNoOpLogHandler() }

    var draft: Draft
    var secrets: [Draft.SecretUse: GivenSecret] = [:]

    init(_ options: Init) {
        self.options = options
        place = ConfigurationPlace(options.options.config)
        input = !options.yes && TerminalInput.isThere ? TerminalInput() : nil
        interruption = Interruption(
            isNoted: "\nNothing was written.",
            signals: input == nil ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP, SIGQUIT],
            restoring: { TerminalInput.restore() })
        draft = Draft(sink: .file(path: place.logDirectory + "/{account}/{dataset}.jsonl"))
    }

    mutating func run() async throws {
        try look()
        if input != nil {
            say("This writes \(place.path) and keeps the secret of a Twilio key for it.")
            say("Answers in [brackets] are taken by Enter. Ctrl-C ends it; until the end nothing is written.")
        }
        try await account()
        try await sink()
        try state()
        try write()
    }

    /// The service has its own; anybody else needs a place for it.
    private mutating func state() throws {
        guard options.stateDirectory != nil || place.stateDirectory != nil else { return }
        draft.stateDirectory = try answer(
            "--state-directory", options.stateDirectory, again: false, "\nDirectory of the spool and all progress",
            default: place.stateDirectory
        ) { [draft] path in draft.refusal { $0.stateDirectory = path } }
    }

    /// What would be in the way at the end is in the way now.
    private func look() throws {
        if NewFile.isThere(place.path), !options.overwrite {
            throw CommandRefusal(
                exit: Exit.cannotCreate.rawValue,
                sentence: "\(place.path) is there already: `twilship check` says whether it is right, and --overwrite "
                    + "has it replaced. Nothing was changed")
        }
        var directory = place.directory
        while !NewFile.isThere(directory), directory != "/" { directory = NewFile.directory(of: directory) }
        guard faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 else {
            throw CommandRefusal(
                exit: Exit.permission.rawValue,
                sentence: "this user cannot write in \(directory): \(String(cString: strerror(errno))). Run it as root "
                    + "(sudo twilship init), or try things in a place of your own: twilship init --config trial.toml")
        }
        let missing = options.missing
        guard input == nil, !missing.isEmpty else { return }
        throw CommandRefusal.usage(
            (options.yes ? "with --yes nobody is asked" : "nobody can be asked here")
                + "; give also \(missing.joined(separator: ", "))")
    }

    // MARK: - Talk

    func say(_ text: String) {
        for line in Terminal.wrapped(text) { Terminal.complain(line) }
    }

    func say(_ finding: Finding) {
        // Where a secret is held is nobody's business, and gone in a moment.
        let text = secrets.values.reduce(finding.text) { $0.replacing("\($1.held.reference)", with: "what was given") }
        for line in Terminal.wrapped("\(finding.level.mark): \(text)", width: Terminal.width - 2, indent: 2) {
            Terminal.complain("  " + line)
        }
    }

    /// An option's value if it is there and this is the first time, else what is answered.
    /// - Parameter refusal: judges both.
    func answer(
        _ option: String, _ given: String?, again: Bool, _ question: String, default preset: String?,
        refusal: (String) -> String? = { _ in nil }
    ) throws -> String {
        if let given, !again || input == nil {
            if let reason = refusal(given) { throw CommandRefusal.usage("\(option): \(reason)") }
            return given
        }
        guard let input else { return preset ?? "" }
        return try input.ask(question, default: preset, refusal: refusal)
    }

    /// The draft as settings that can be tried now.
    func resolved() throws -> ResolvedSettings {
        do throws(SettingsFaults) {
            return try draft.resolved { secrets[$0]?.held.reference ?? .environment("NOT_GIVEN") }
        } catch {
            throw CommandRefusal(
                exit: Exit.configuration.rawValue,
                sentence: "these do not go together: " + error.faults.map(\.message).joined(separator: "; "))
        }
    }

    // MARK: - Secrets

    /// A secret that an option names, or that is typed unseen.
    func secret(
        _ option: SecretOptions, again: Bool, _ question: String, mayBeEmpty: Bool = false
    ) throws -> GivenSecret? {
        if !again || input == nil, let given = try option.read() { return given }
        guard let input else { return nil }
        while true {
            let typed = try input.secret(question, mayBeEmpty: mayBeEmpty)
            if typed.isEmpty { return nil }
            let held = try HeldSecret(Array(typed.utf8))
            if (try? held.reference.resolve(environment: [:])) != nil { return GivenSecret(held: held, origin: nil) }
            say("  That holds control characters: paste the secret alone.")
        }
    }
}

/// `--secret-file` and `--secret-env`, or those of another secret.
struct SecretOptions {
    /// What the options begin with, such as `--secret`.
    let name: String
    let file: String?
    let variable: String?

    var isGiven: Bool { file != nil || variable != nil }

    /// - Returns: nil if neither is there.
    /// - Throws: `CommandRefusal`.
    func read() throws -> Beginning.GivenSecret? {
        do {
            if let variable { return try Self.given(.environment(variable)) }
            guard let file else { return nil }
            guard file == "-" else { return try Self.given(.file(ConfigurationPlace(file).path)) }
            guard isatty(STDIN_FILENO) == 0 else {
                throw CommandRefusal.usage(
                    "what is typed for `\(name)-file -` would be shown: leave it out, and it is asked for unseen")
            }
            let piped = try HeldSecret(Array(FileHandle.standardInput.readDataToEndOfFile()))
            let secret = try piped.reference.resolve(environment: [:])
            return Beginning.GivenSecret(held: try HeldSecret(Array(secret.reveal().utf8)), origin: nil)
        } catch let error as SecretError {
            throw CommandRefusal(exit: Exit.configuration.rawValue, sentence: "\(name)-file or -env: \(error)")
        }
    }

    private static func given(_ reference: SecretReference) throws -> Beginning.GivenSecret {
        let secret = try reference.resolve(environment: ProcessInfo.processInfo.environment)
        return Beginning.GivenSecret(held: try HeldSecret(Array(secret.reveal().utf8)), origin: reference)
    }
}
