import ArgumentParser
import Foundation
import Glibc
import Settings
import Spooling

/// `--config`, and what every command does with it.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file.", completion: .file(extensions: ["toml"]))
    var config = SettingsFile.defaultPath

    func read(resolveSecrets: Bool = true) throws(SettingsFaults) -> ResolvedSettings {
        try SettingsFile.load(
            path: config, environment: ProcessInfo.processInfo.environment, resolveSecrets: resolveSecrets)
    }

    /// The configuration, or exit 78 with all its faults on stderr.
    /// - Parameter complain: is given the faults, a line each, in place of stderr.
    func load(
        resolveSecrets: Bool, complain: (String) -> Void = { Terminal.complain($0) }
    ) throws -> ResolvedSettings {
        do {
            return try read(resolveSecrets: resolveSecrets)
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
