/// Why the spool could not do what it was asked.
package enum SpoolError: Error, Equatable {
    /// The state directory cannot be used.
    case directory(path: String, reason: String)
    /// Another process has it.
    case locked(path: String, processID: Int32)
    /// A newer version wrote it.
    case newer(path: String, writtenBy: String, thisVersion: String)
    /// There is no room. Nothing was counted as collected; passes by itself once there is.
    case full(Fullness)
    /// A file could not be written, synced or read. Nothing was counted as collected.
    case io(path: String, doing: String, reason: String)
    /// Committed bytes of a segment are not what was written, or cannot be read. They were set aside.
    case damaged(path: String, offset: Int64, reason: String)
    /// The record is not in the spool any more: who asks was moved past it.
    case gone(sequence: Int64)
    /// The database is not what SQLite wrote.
    case corrupt(path: String, reason: String)
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
        case .full(let fullness):
            "\(fullness)"
        case .io(let path, let doing, let reason):
            "\(path): \(doing) failed: \(reason); nothing of it was counted, and it is tried again; "
                + "if it goes on, look at that disk: its health, its mount options, whose the directory is"
        case .damaged(let path, let offset, let reason):
            "\(path): the spool is damaged at byte \(offset): \(reason); what lay there is set aside, and collected "
                + "again for the sinks that did not have it; look at that disk's health"
        case .gone(let sequence):
            "record \(sequence) is not in the spool any more: it was given up to make room"
        case .corrupt(let path, let reason):
            "the database \(path) is damaged: \(reason); nothing in it can be trusted; look at that disk's health, "
                + "then stop the service, move the state directory aside and start again: twilship collects again what "
                + "Twilio still keeps (the page Operations says how)"
        case .database(let path, let reason):
            "\(path): \(reason); nothing of it was saved, and it is tried again; if it goes on, look at that disk"
        }
    }
}
