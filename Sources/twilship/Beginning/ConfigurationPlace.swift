import Glibc

/// Where the configuration will be, and what follows from that.
struct ConfigurationPlace {
    static let serviceDirectory = "/etc/twilship"

    /// Absolute.
    let path: String

    init(_ path: String) {
        if path.hasPrefix("/") {
            self.path = path
        } else {
            var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
            let here = getcwd(&bytes, bytes.count).map { String(cString: $0) } ?? "."
            self.path = (here == "/" ? "" : here) + "/" + path
        }
    }

    var directory: String { NewFile.directory(of: path) }

    /// The unit that reads it; nil for a configuration that is no installed service's.
    var unit: String? {
        guard directory == Self.serviceDirectory, path.hasSuffix(".toml") else { return nil }
        return instance.map { "twilship@\($0)" } ?? "twilship"
    }

    /// Of `twilship@NAME`; nil for `twilship` itself.
    private var instance: String? {
        let name = String(path.dropFirst(directory.utf8.count + 1).dropLast(".toml".utf8.count))
        return name == "twilship" ? nil : name
    }

    private var suffix: String { instance.map { "-\($0)" } ?? "" }

    /// Where the unit may write files.
    var logDirectory: String { unit == nil ? directory + "/records" : "/var/log/twilship\(suffix)" }

    /// Nil: the unit's own, which the configuration does not name.
    var stateDirectory: String? { unit == nil ? directory + "/state" : nil }

    /// What commands in a shell must be told to find an instance.
    var environment: String {
        guard let instance else { return "" }
        return "STATE_DIRECTORY=/var/lib/twilship-\(instance) RUNTIME_DIRECTORY=/run/twilship-\(instance) "
    }

    /// Who must be able to read it besides its owner; nil where the service's group is not known or cannot be given.
    var group: gid_t? {
        guard unit != nil, geteuid() == 0 else { return nil }
        return getgrnam("twilship")?.pointee.gr_gid
    }
}
