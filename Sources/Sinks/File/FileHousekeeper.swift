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
    /// How files are compressed; nil: not at all.
    private let form: CompressionForm?
    private let log: Logger
    private let probe: FileSinkProbe
    private let state = Mutex(State())

    init(name: String, form: CompressionForm?, log: Logger, probe: @escaping FileSinkProbe) {
        queue = DispatchQueue(label: "twilship.sink.\(name).housekeeper")
        self.form = form
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
            due.uncompressed.removeAll { form == nil || state.compressed.contains($0) }
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
            if let form {
                for file in duties.uncompressed where !isStopped {
                    current = file
                    try compress(file, form)
                }
            }
        } catch {
            if let file = current, error is FileSinkError { try? removeTemporaries(of: file) }
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
        try removeTemporaries(of: file)
        // In whatever form it is: the setting may have changed since.
        let names = try (CompressionForm.allCases.map(file.compressedName) + [file.name]).filter(FileSystem.remove)
        if let name = names.first {
            log.info(
                "removed a rotated file that is no longer to be kept",
                metadata: [
                    "file.path": "\(name)", "file.bytes": "\(file.size)",
                    "file.rotated": "\(file.rotatedAt.rfc3339)",
                ])
        }
        try probe(.expiredRemoved)
        state.withLock { state in
            state.removed.insert(file)
            state.compressed.remove(file)
        }
    }

    private func removeTemporaries(of file: RotatedFile) throws {
        for form in CompressionForm.allCases { try FileSystem.remove(file.temporaryName(form)) }
    }

    private func compress(_ file: RotatedFile, _ form: CompressionForm) throws {
        try removeTemporaries(of: file)
        guard let original = try FileSystem.status(of: file.name) else {
            // Compressed earlier, or taken away by somebody.
            state.withLock { _ = $0.compressed.insert(file) }
            return
        }
        guard original.isRegular else { throw FileSinkError.notAFile(path: file.name, kind: original.kind) }
        try probe(.compressing)
        let isComplete = try CompressionForm.allCases.contains { form in
            let name = file.compressedName(form)
            return try FileSystem.status(of: name) != nil && form.isComplete(name, of: file.name)
        }
        if !isComplete {
            let (compressed, temporary) = (file.compressedName(form), file.temporaryName(form))
            let copy = try CompressedCopy(of: file.name, in: temporary, form)
            while try copy.compressPiece() {
                if isStopped {
                    try FileSystem.remove(temporary)
                    return
                }
            }
            try copy.finish(like: original)
            try probe(.compressed)
            try FileSystem.replace(compressed, with: temporary)
            try probe(.compressedRenamed)
            try FileSystem.syncDirectory(of: file.name)
        }
        try FileSystem.remove(file.name)
        try FileSystem.syncDirectory(of: file.name)
        state.withLock { _ = $0.compressed.insert(file) }
        try probe(.originalRemoved)
    }
}
