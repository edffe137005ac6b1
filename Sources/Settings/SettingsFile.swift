/// The configuration as written: a file, and the files it includes.
///
/// - Everything that can be wrong is found in one load and reported with its place; nothing is half accepted.
/// - No text of the file reaches a message where a secret could stand.
/// - Nothing but the files named is read: whether hosts answer and credentials work is not asked here.
package enum SettingsFile {
    /// The path that commands use without `--config`.
    package static let defaultPath = "/etc/twilship/twilship.toml"

    /// Reads, checks and resolves a configuration.
    ///
    /// - Parameters:
    ///   - capabilities: what this program can do; what it cannot is refused by name.
    ///   - environment: for the default state directory, and for secrets.
    ///   - resolveSecrets: also reads every secret once, and reports those that cannot be had.
    ///   - closed: is told of secrets that this user may not read, which are no faults then.
    package static func load(
        path: String = defaultPath,
        capabilities: Capabilities = .thisVersion,
        environment: [String: String],
        resolveSecrets: Bool = false,
        credentialDirectories: [String] = SecretReference.defaultCredentialDirectories,
        closed: ((ClosedSecret) -> Void)? = nil
    ) throws(SettingsFaults) -> ResolvedSettings {
        let context = ReadingContext(capabilities: capabilities, environment: environment)
        let settings = Assembly(path: path, files: .disk, context: context).settings()
        if resolveSecrets, let settings {
            SecretCheck(credentialDirectories: credentialDirectories, context: context, closed: closed)
                .check(settings)
        }
        guard let settings, context.faults.isEmpty else { throw context.faults.sorted() }
        return settings
    }

    /// Checks a configuration that is in memory, one file without others: for editors and tests.
    package static func load(
        text: [UInt8],
        named name: String,
        capabilities: Capabilities = .thisVersion,
        environment: [String: String] = [:]
    ) throws(SettingsFaults) -> ResolvedSettings {
        let context = ReadingContext(capabilities: capabilities, environment: environment)
        let settings = Assembly(path: name, files: .only(name, text), context: context).settings()
        guard let settings, context.faults.isEmpty else { throw context.faults.sorted() }
        return settings
    }
}
