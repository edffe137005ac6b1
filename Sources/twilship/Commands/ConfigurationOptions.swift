import ArgumentParser
import Foundation
import Glibc
import Settings
import Spooling

/// `--config`, and what every command does with it.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file.", completion: .file(extensions: ["toml"]))
    var config = SettingsFile.defaultPath

    /// - Parameter closed: is told of secrets that this user may not read, which are no faults then.
    func read(
        resolveSecrets: Bool = true, closed: ((ClosedSecret) -> Void)? = nil
    ) throws(SettingsFaults) -> ResolvedSettings {
        try SettingsFile.load(
            path: config, environment: ProcessInfo.processInfo.environment, resolveSecrets: resolveSecrets,
            closed: closed)
    }

    /// The configuration, or exit 78 with all its faults on stderr.
    /// - Parameters:
    ///   - complain: is given the faults, a line each, in place of stderr.
    ///   - closed: is told of secrets that this user may not read, which are no faults then.
    func load(
        resolveSecrets: Bool, complain: (String) -> Void = { Terminal.complain($0) },
        closed: ((ClosedSecret) -> Void)? = nil
    ) throws -> ResolvedSettings {
        do {
            return try read(resolveSecrets: resolveSecrets, closed: closed)
        } catch {
            complain("\(error)")
            throw Exit.configuration
        }
    }

    /// Looks at the state directory that the configuration names.
    func state() throws -> StateReader {
        let settings = try load(resolveSecrets: false)
        do {
            return try StateReader(StateDirectory(path: settings.state.directory))
        } catch {
            Terminal.complain("twilship: \(error)")
            throw Exit.code(for: error)
        }
    }
}

extension Exit {
    /// The exit code that goes with an error of the state directory.
    static func code(for error: SpoolError) -> ExitCode {
        switch error {
        case .newer: configuration
        case .locked: tryAgain
        case .directory: cannotCreate
        case .full, .io, .damaged, .gone, .corrupt, .database: io
        }
    }
}
