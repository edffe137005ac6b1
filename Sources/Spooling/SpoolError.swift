/// Why the spool could not do what it was asked.
package enum SpoolError: Error, Equatable {
    /// The state directory cannot be used.
    case directory(path: String, reason: String)
    /// Another process has it.
    case locked(path: String, processID: Int32)
    /// A newer version wrote it.
    case newer(path: String, writtenBy: String, thisVersion: String)
    /// `max_bytes` is used up by records that `sinks` have not delivered yet. Passes by itself once they do.
    case full(limit: Int, sinks: [String])
    /// A file could not be written, synced or read. Nothing was counted as collected.
    case io(path: String, doing: String, reason: String)
    /// Committed bytes of a segment are not what was written.
    case damaged(path: String, offset: Int64, reason: String)
    /// SQLite's own words.
    case database(path: String, reason: String)
}

extension SpoolError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .directory(let path, let reason):
            "the state directory \(path) cannot be used: \(reason)"
        case .locked(let path, let processID):
            "the state directory \(path) is in use by another twilship (process \(processID)); "
                + "stop that one first, or give this one a [state] directory of its own"
        case .newer(let path, let writtenBy, let thisVersion):
            "the state in \(path) was written by twilship \(writtenBy), this is \(thisVersion), which cannot read it; "
                + "install \(writtenBy) or later, or restore the copy made before the upgrade"
        case .full(let limit, let sinks):
            "the spool is full (\(limit) bytes) of records not yet delivered by \(sinks.joined(separator: ", ")); "
                + "polling waits until there is room"
        case .io(let path, let doing, let reason):
            "\(path): \(doing) failed: \(reason)"
        case .damaged(let path, let offset, let reason):
            "\(path): the spool is damaged at byte \(offset): \(reason); what was delivered is not affected; "
                + "the page Operations says how to go on"
        case .database(let path, let reason):
            "\(path): \(reason)"
        }
    }
}
