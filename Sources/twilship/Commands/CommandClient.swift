import ArgumentParser
import Controlling
import Foundation
import Glibc
import Logging
import Settings
import SystemdSupport

/// Has a command carried out: by the running service, or by this process where none runs.
struct CommandClient {
    let options: ConfigurationOptions
    /// Shows what comes.
    let show: @Sendable (CommandVoice.Kind, String) async throws -> Void

    init(
        options: ConfigurationOptions, show: @escaping @Sendable (CommandVoice.Kind, String) async throws -> Void
    ) {
        self.options = options
        self.show = show
    }

    /// Shows answers on stdout, as they are if they are meant for programs, and the rest on stderr.
    init(options: ConfigurationOptions, isExact: Bool) {
        self.init(options: options) { kind, text in Terminal.show(kind, text, isJSON: isExact) }
    }

    /// Ends the program with the command's exit code unless that is 0.
    /// - Parameter alone: does it in this process; gets the settings, their secrets checked.
    func carryOut(
        _ request: ControlRequest,
        alone: (ResolvedSettings, Logger, CommandVoice) async throws -> ControlEnd
    ) async throws {
        // A pipe that nobody reads any more ends the program quietly, see `Terminal`.
        signal(SIGPIPE, SIG_IGN)
        let settings = try options.load(resolveSecrets: false)
        do {
            if let end = try await Self.ask(request, settings, hear) { return try Self.finish(end) }
            let own = try options.load(resolveSecrets: true)
            let voice = CommandVoice(say: show)
            return try Self.finish(await alone(own, Self.logger, voice))
        } catch let refusal as CommandRefusal {
            try Self.finish(refusal.end)
        } catch let error as ControlClientError {
            try Self.finish(ControlEnd(exit: Self.exit(error), error: "\(error)"))
        }
    }

    /// The same for a command on the state, which needs no secrets.
    func carryOut(_ command: some StateCommand) async throws {
        signal(SIGPIPE, SIG_IGN)
        let settings = try options.load(resolveSecrets: false)
        do {
            if let end = try await Self.ask(command.control, settings, hear) { return try Self.finish(end) }
            try Self.finish(await StateAccess.alone(command, settings, CommandVoice(say: show)))
        } catch let refusal as CommandRefusal {
            try Self.finish(refusal.end)
        } catch let error as ControlClientError {
            try Self.finish(ControlEnd(exit: Self.exit(error), error: "\(error)"))
        }
    }

    private func hear(_ line: String) async throws {
        let (kind, text) = CommandVoice.heard(line)
        try await show(kind, text)
    }

    /// - Returns: nil if no service listens.
    /// - Throws: ``ControlClientError``, or what `hear` throws.
    static func ask(
        _ request: ControlRequest, _ settings: ResolvedSettings, _ hear: (String) async throws -> Void
    ) async throws -> ControlEnd? {
        var isMissing = false
        for path in ControlPath.candidates(settings, ProcessInfo.processInfo.environment) {
            do {
                return try await ControlClient(path: path).send(request, line: hear)
            } catch let error as ControlClientError {
                switch error {
                case .noService: isMissing = true
                // Where a service would listen first there is none; the state directory is closed to most anyway.
                case .notPermitted where isMissing: return nil
                default: throw error
                }
            }
        }
        return nil
    }

    static func finish(_ end: ControlEnd) throws {
        Terminal.endProgress()
        if let error = end.error { Terminal.complain("twilship: \(error.terminalSafe)") }
        if end.exit != 0 { throw ExitCode(end.exit) }
    }

    static func exit(_ error: ControlClientError) -> Int32 {
        switch error {
        case .notPermitted: Exit.permission.rawValue
        case .requestTooLarge: 64
        case .noService, .busy, .brokenAnswer: Exit.tryAgain.rawValue
        case .system: Exit.io.rawValue
        }
    }

    /// For what goes on beside the command in this process: only what somebody should see.
    private static var logger: Logger {
        let handler = makeLogHandler(
            target: .stderr, format: .text, level: SharedLogLevel(.warning),
            environment: ProcessInfo.processInfo.environment, clear: Terminal.endProgress)
        return Logger(label: "twilship") { _ in handler }
    }
}
