import Settings

/// Where the running service takes commands.
enum ControlPath {
    private static let name = "control"
    private static let packagedState = "/var/lib/twilship"
    private static let packagedRuntime = "/run/twilship"

    /// Where the service listens: `$RUNTIME_DIRECTORY`, which systemd makes for it, else the state directory.
    static func ofService(_ settings: ResolvedSettings, _ environment: [String: String]) -> String {
        (runtimeDirectory(environment) ?? settings.state.directory) + "/" + name
    }

    /// Where a command looks for the service of these settings.
    ///
    /// The packaged service's place is tried for the packaged state directory only: a trial with a configuration of its
    /// own must not reach another service.
    static func candidates(_ settings: ResolvedSettings, _ environment: [String: String]) -> [String] {
        let state = settings.state.directory
        let folders = [runtimeDirectory(environment), state == packagedState ? packagedRuntime : nil, state]
        return folders.compactMap(\.self).map { $0 + "/" + name }
    }

    /// Several directories are separated by colons (systemd.exec(5)); the first is ours.
    private static func runtimeDirectory(_ environment: [String: String]) -> String? {
        environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first.map(String.init)
    }
}
