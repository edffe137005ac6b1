/// What each file in the spool's folder takes on disk, so that nobody has to ask the file system for all of them again
/// and again.
struct DiskUse {
    private var byPath: [String: Int] = [:]
    /// All of them together.
    private(set) var bytes = 0

    subscript(path: String) -> Int? {
        get { byPath[path] }
        set {
            bytes += (newValue ?? 0) - (byPath[path] ?? 0)
            byPath[path] = newValue
        }
    }

    /// The files that are only kept for inspection, oldest first.
    var damagedFiles: [String] {
        byPath.keys.filter { $0.hasSuffix(StateDirectory.damagedSuffix) }.sorted()
    }
}
