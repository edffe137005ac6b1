import Glibc

/// Why a file could not be written; `description` is a sentence for the one who has to repair it.
package enum FileSinkError: Error, Hashable {
    /// A system call failed: what was tried ("write to"), on which path, and the error number.
    case failed(String, path: String, code: Int32)
    case notAFile(path: String, kind: String)
    case inUse(path: String)
    case unknownGroup(String)
    /// The file was removed or cut by somebody while it was written to.
    case changedMeanwhile(path: String)
    case noFreeName(path: String)
    case unreadableState(key: String)
}

extension FileSinkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .failed(let operation, let path, let code):
            "cannot \(operation) \(path): \(String(cString: strerror(code))). \(Self.advice(for: code))"
        case .notAFile(let path, let kind):
            "\(path) is \(kind), and a file sink only writes regular files that it reaches without a symbolic link. "
                + "Remove it or change the sink's path; until then records wait in the spool."
        case .inUse(let path):
            "\(path) is locked by another file sink or twilship process. Give each sink a path of its own; "
                + "until then records wait in the spool."
        case .unknownGroup(let name):
            "the group \(name) does not exist on this host. Create it (groupadd \(name)) or change the sink's group; "
                + "until then records wait in the spool."
        case .changedMeanwhile(let path):
            "\(path) was removed or cut by another program while records were written to it. "
                + "They are written again; use rename instead of copytruncate, or this sink's own rotation."
        case .noFreeName(let path):
            "\(path) cannot be rotated: the next thousand names are taken by files of somebody else. Move them away; "
                + "until then records wait in the spool."
        case .unreadableState(let key):
            "the saved state \(key) of this sink cannot be read: it was damaged, or written by a newer twilship. "
                + "Install that version; until then records wait in the spool."
        }
    }

    private static func advice(for code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT:
            "Free space there or keep fewer files (keep_files, keep); until then records wait in the spool."
        case EROFS:
            "The file system is read-only: look for its errors in the kernel log, or add the directory to "
                + "ReadWritePaths= of the unit; until then records wait in the spool."
        case EACCES, EPERM:
            "Give the service's user access to the directory and the file (for a group: membership in it); until then "
                + "records wait in the spool."
        case EIO:
            "The storage reports errors: look into the kernel log. What was not safely written is written again."
        case ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG:
            "Change the sink's path or what stands in its way; until then records wait in the spool."
        case EMFILE, ENFILE:
            "Raise LimitNOFILE= of the unit; until then records wait in the spool."
        default:
            "It is tried again; until then records wait in the spool."
        }
    }
}
