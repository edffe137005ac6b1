package import Glibc

/// The system calls on which durability rests, so that a test can let any of them fail. Each behaves as the call it is
/// named after and sets `errno`.
package struct FileCalls: Sendable {
    package var open: @Sendable (_ path: String, _ flags: Int32) -> Int32
    package var write: @Sendable (_ descriptor: Int32, UnsafeRawBufferPointer, _ offset: off_t) -> Int
    package var read: @Sendable (_ descriptor: Int32, UnsafeMutableRawBufferPointer, _ offset: off_t) -> Int
    /// `fdatasync`.
    package var sync: @Sendable (_ descriptor: Int32) -> Int32
    /// `fsync`, of a folder.
    package var syncFolder: @Sendable (_ descriptor: Int32) -> Int32
    package var truncate: @Sendable (_ path: String, off_t) -> Int32
    package var unlink: @Sendable (_ path: String) -> Int32
    /// `posix_fallocate` from the file's beginning: returns the error instead of setting it.
    package var allocate: @Sendable (_ descriptor: Int32, _ bytes: off_t) -> Int32

    /// The system's own. Files are made for the owner only: records hold personal data.
    package static let system = FileCalls(
        open: { Glibc.open($0, $1, 0o600) },
        write: { descriptor, bytes, offset in
            bufferedIfNeeded(descriptor) { pwrite(descriptor, bytes.baseAddress, bytes.count, offset) }
        },
        read: { descriptor, bytes, offset in
            bufferedIfNeeded(descriptor) { pread(descriptor, bytes.baseAddress, bytes.count, offset) }
        },
        sync: { fdatasync($0) },
        syncFolder: { fsync($0) },
        truncate: { Glibc.truncate($0, $1) },
        unlink: { Glibc.unlink($0) },
        allocate: { posix_fallocate($0, 0, $1) })

    /// Reads and writes past the page cache. The name without underscores is for C with `_GNU_SOURCE` only.
    static let direct: Int32 = __O_DIRECT

    /// Tries once more through the page cache where the file system wants other blocks than ours after all.
    private static func bufferedIfNeeded(_ descriptor: Int32, _ call: () -> Int) -> Int {
        let result = call()
        guard result < 0, errno == EINVAL else { return result }
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, flags & direct != 0, fcntl(descriptor, F_SETFL, flags & ~direct) == 0 else {
            errno = EINVAL
            return result
        }
        return call()
    }
}

/// What a path says of its file.
struct FileSize {
    let length: Int64
    /// What it really takes on disk.
    let allocated: Int

    /// - Returns: nil if there is none, or it cannot be looked at (`errno` says why).
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        length = Int64(status.st_size)
        // POSIX leaves the unit of st_blocks open; on Linux it is 512 bytes whatever the file system (stat(2)).
        allocated = Int(status.st_blocks) * 512
    }
}

/// The room that the file system of `path` has for this user.
/// - Returns: nil if it does not say.
func freeBytes(at path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
}

/// Whether a call failed because there is no room: ENOSPC, or EDQUOT where the user has a quota.
func isLackOfRoom(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }
