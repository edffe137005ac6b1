import Glibc
import PipelineCore

/// A file that is always whole: what is written is there at once under its name, or not at all.
///
/// - The new content is written beside it, under a name that the textfile collector does not read, and renamed.
/// - Links are not followed: neither at the name, which the rename replaces, nor beside it.
/// - Everybody may read it (0644), whatever the process's umask.
/// - Writing blocks, so it has a thread of its own.
package actor TextFile {
    private let executor = QueueExecutor(label: "Measuring.textfile")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let path: String
    private let temporary: String

    /// - Parameter path: absolute; its directory must exist.
    package init(path: String) {
        self.path = path
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = path[slash...].drop { $0 == "/" }
        temporary = "\(path[..<slash])/.\(name).tmp"
    }

    package func write(_ text: String) throws(TextFileError) {
        // One that a crash has left, or that somebody has put there.
        if unlink(temporary) != 0, errno != ENOENT { throw failure("unlink", temporary) }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("open", temporary) }
        do throws(TextFileError) {
            defer { close(descriptor) }
            try fill(descriptor, text)
            guard fchmod(descriptor, 0o644) == 0 else { throw failure("fchmod", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = failure("rename", path)
            unlink(temporary)
            throw error
        }
    }

    private func fill(_ descriptor: Int32, _ text: String) throws(TextFileError) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let written = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure("write", temporary) }
            start += written
        }
    }

    private func failure(_ call: String, _ path: String) -> TextFileError {
        TextFileError(path: path, reason: "\(String(cString: strerror(errno))) (\(call))")
    }
}

/// Why the file was not written.
package struct TextFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path) cannot be written: \(reason)" }
}
