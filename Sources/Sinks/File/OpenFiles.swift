/// The files a sink holds open, at most `limit`: the one that was used longest ago is closed for a new one.
///
/// Closing costs nothing but opening again: what is settled is in the committed state.
struct OpenFiles {
    private let limit: Int
    private var files: [String: (file: AppendedFile, lastUse: Int)] = [:]
    private var uses = 0

    init(limit: Int) {
        self.limit = limit
    }

    subscript(path: String) -> AppendedFile? {
        mutating get {
            guard let file = files[path]?.file else { return nil }
            self[path] = file
            return file
        }
        set {
            uses += 1
            files[path] = newValue.map { ($0, uses) }
            if files.count > limit, let oldest = files.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                files[oldest.key] = nil
            }
        }
    }

    mutating func closeAll() {
        files = [:]
    }
}
