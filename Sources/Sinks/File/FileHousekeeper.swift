import Dispatch
import Logging
import PipelineCore
import Synchronization

/// Compresses and removes rotated files, one after the other, on a queue of its own.
///
/// - It knows only files it was handed, all of them rotated by the sink, and saves nothing: what it did shows on disk.
/// - A file is compressed into a temporary one, which is synced, renamed and synced in its directory before the original
///   goes. Begun again after a crash, it starts over, or finishes if the compressed file is complete.
/// - A failure is logged, and nothing more is tried for `pauseAfterFailure`.
final class FileHousekeeper: Sendable {
    struct Duties {
        var expired: [RotatedFile] = []
        var uncompressed: [RotatedFile] = []
    }

    private static let pauseAfterFailure: Duration = .seconds(600)

    private struct State {
        var isBusy = false
        var isStopped = false
        var pausedUntil: Timestamp?
        /// Known to be compressed; saves looking at each again.
        var compressed: Set<RotatedFile> = []
        var removed: Set<RotatedFile> = []
    }

    private let queue: DispatchQueue
    private let log: Logger
    private let probe: FileSinkProbe
    private let state = Mutex(State())

    init(name: String, log: Logger, probe: @escaping FileSinkProbe) {
        queue = DispatchQueue(label: "twilship.sink.\(name).housekeeper")
        self.log = log
        self.probe = probe
    }

    /// Begins the duties, unless there was a failure lately. False while earlier ones are under way: ask again.
    func start(_ duties: Duties, at time: Timestamp) -> Bool {
        if state.withLock(\.isBusy) { return false }
        let due = state.withLock { state -> Duties? in
            if state.isStopped { return nil }
            if let end = state.pausedUntil, time < end { return nil }
            var due = duties
            due.uncompressed.removeAll { state.compressed.contains($0) }
            if due.expired.isEmpty, due.uncompressed.isEmpty { return nil }
            state.isBusy = true
            return due
        }
        if let due { queue.async { self.perform(due, at: time) } }
        return true
    }

    /// Files removed since the last call, for the sink to strike off its list.
    func takeRemoved() -> Set<RotatedFile> {
        state.withLock { state in
            defer { state.removed = [] }
            return state.removed
        }
    }

    /// Waits until the duties under way are done.
    func finish() async {
        await withCheckedContinuation { done in queue.async { done.resume() } }
    }

    /// Breaks off the duties under way, leaving the rest for the next start.
    func stop() async {
        state.withLock { $0.isStopped = true }
        await finish()
    }

    private var isStopped: Bool { state.withLock(\.isStopped) }

    private func perform(_ duties: Duties, at time: Timestamp) {
        defer { state.withLock { $0.isBusy = false } }
        var current: RotatedFile?
        do {
            for file in duties.expired where !isStopped {
                current = file
                try remove(file)
            }
            for file in duties.uncompressed where !isStopped {
                current = file
                try compress(file)
            }
        } catch {
            if let file = current, error is FileSinkError { _ = try? FileSystem.remove(file.temporaryName) }
            state.withLock { $0.pausedUntil = time + Self.pauseAfterFailure }
            log.warning(
                "a rotated file could not be compressed or removed; it is tried again in ten minutes",
                metadata: [
                    "message_id": "\(LogKind.fileNotTidied)", "file.path": "\(current?.name ?? "")",
                    "error": "\(error)",
                ])
        }
    }

    private func remove(_ file: RotatedFile) throws {
        try FileSystem.remove(file.temporaryName)
        let wasCompressed = try FileSystem.remove(file.compressedName)
        let wasPlain = try FileSystem.remove(file.name)
        if wasPlain || wasCompressed {
            log.info(
                "removed a rotated file that is no longer to be kept",
                metadata: [
                    "file.path": "\(wasCompressed ? file.compressedName : file.name)", "file.bytes": "\(file.size)",
                    "file.rotated": "\(file.rotatedAt.rfc3339)",
                ])
        }
        try probe(.expiredRemoved)
        state.withLock { state in
            state.removed.insert(file)
            state.compressed.remove(file)
        }
    }

    private func compress(_ file: RotatedFile) throws {
        try FileSystem.remove(file.temporaryName)
        guard let original = try FileSystem.status(of: file.name) else {
            // Compressed earlier, or taken away by somebody.
            state.withLock { _ = $0.compressed.insert(file) }
            return
        }
        guard original.isRegular else { throw FileSinkError.notAFile(path: file.name, kind: original.kind) }
        try probe(.compressing)
        let isComplete =
            try FileSystem.status(of: file.compressedName) != nil
            && GzipFile.isComplete(file.compressedName, of: file.name)
        if !isComplete {
            let gzip = try GzipFile(compressing: file.name, into: file.temporaryName)
            while try gzip.compressPiece() {
                if isStopped {
                    try FileSystem.remove(file.temporaryName)
                    return
                }
            }
            try gzip.finish(like: original)
            try probe(.compressed)
            try FileSystem.replace(file.compressedName, with: file.temporaryName)
            try probe(.compressedRenamed)
            try FileSystem.syncDirectory(of: file.name)
        }
        try FileSystem.remove(file.name)
        try FileSystem.syncDirectory(of: file.name)
        state.withLock { _ = $0.compressed.insert(file) }
        try probe(.originalRemoved)
    }
}
