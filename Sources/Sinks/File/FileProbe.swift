import Glibc

/// Looks whether a file sink could write, without writing.
package struct FileProbe: Sendable {
    private let path: String

    /// - Parameter path: as it stands in the configuration.
    package init(path: String) {
        self.path = path
    }

    package func run() -> [Finding] {
        // What comes behind the first value is made of records.
        let known = path.prefix { $0 != "{" }
        let directory = String(known[..<(known.lastIndex(of: "/") ?? known.startIndex)])
        var place = directory.isEmpty ? "/" : directory
        var status = stat()
        while stat(place, &status) != 0 {
            let code = errno
            guard code == ENOENT, place != "/" else {
                let level: Finding.Level = code == EACCES ? .refusal : .failure
                return [Finding(level, "\(place): cannot be looked at: \(String(cString: strerror(code)))")]
            }
            place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
            if place.isEmpty { place = "/" }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [Finding(.failure, "\(place): is no directory")] }
        guard faccessat(AT_FDCWD, place, W_OK | X_OK, AT_EACCESS) == 0 else {
            let code = errno
            return [
                Finding(
                    code == EACCES ? .refusal : .failure,
                    "\(place): this user cannot write there: \(String(cString: strerror(code)))")
            ]
        }
        let isThere = place == directory || directory.isEmpty
        var findings = [Finding(.fine, isThere ? "\(place): is writable" : "\(directory): can be made in \(place)")]
        if geteuid() == 0 {
            findings.append(
                Finding(
                    .note,
                    "root may write anywhere: to see what the service may, try as its user, with runuser -u twilship"))
        }
        findings += [room(at: place)].compactMap { $0 }
        return findings
    }

    private func room(at place: String) -> Finding? {
        var status = statvfs()
        guard statvfs(place, &status) == 0, status.f_blocks > 0 else { return nil }
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        let text = "\(place): \(free >> 20) MiB are free"
        return Finding(free < 100 << 20 ? .warning : .fine, text)
    }
}
