/// Finds the files that `include` names: patterns relative to the main file, each one's matches sorted by name.
struct Include {
    static let maximumPatterns = 64
    /// Each included file is read whole; together with their size limit this bounds memory.
    static let maximumFiles = 256

    let mainFile: String
    let disk: ConfigurationFiles
    let faults: FaultList

    func files(_ patterns: [(text: String, location: SourceLocation)]) -> [String] {
        var files: [String] = []
        var seen: Set<String> = [disk.identity(mainFile)]
        for (pattern, location) in patterns {
            guard let matches = disk.matches(absolute(pattern)) else {
                faults.add(
                    location,
                    "the directory of \(pattern.quoted) cannot be read by this user, so its accounts and sinks would be "
                        + "missing; let the service's user read it")
                continue
            }
            if matches.isEmpty, !pattern.contains(where: { "*?[".contains($0) }) {
                faults.add(
                    location, "the included file \(pattern.quoted) does not exist; correct the name or remove it")
            }
            for match in matches {
                // Two patterns may find the same file, and `*.toml` the main one.
                guard seen.insert(disk.identity(match)).inserted else { continue }
                if files.count == Self.maximumFiles {
                    faults.add(
                        location, "more than \(Self.maximumFiles) files are included; put several accounts in one")
                    return files
                }
                files.append(match)
            }
        }
        return files
    }

    private func absolute(_ pattern: String) -> String {
        guard !pattern.hasPrefix("/"), let slash = mainFile.lastIndex(of: "/") else { return pattern }
        // The directory is a name, not a pattern.
        let directory = mainFile[...slash].map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
        return directory + pattern
    }
}
