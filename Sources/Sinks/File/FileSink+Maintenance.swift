import Logging
import PipelineCore

extension FileSink {
    /// How often quiet files and what is to be compressed or removed are looked at, while there are deliveries.
    private static let maintenanceInterval: Duration = .seconds(60)
    /// A file that got nothing for so long is forgotten. It costs nothing: if records come, it is continued.
    private static let forgetAfter: Duration = .seconds(7 * 86_400)

    /// What can be done between deliveries. Failing is logged and tried again; it holds no delivery up.
    func maintain() async {
        let time = now()
        if let last = lastMaintenance, last <= time, time - last < Self.maintenanceInterval { return }
        lastMaintenance = time
        do {
            try await forgetRemovedFiles()
            for name in series.keys.sorted() where series[name]?.rotation != nil { try await finishRotation(of: name) }
            for path in files.keys.sorted() { try await lookAfterQuietFile(path, at: time) }
        } catch {
            log.warning(
                "files could not be looked after",
                metadata: ["message_id": "\(LogKind.fileNotTidied)", "error": "\(error)"])
        }
        startHousekeeping()
    }

    /// Hands what is due for compression and removal to the housekeeper; if it is still busy, the next delivery does.
    func startHousekeeping() {
        let time = now()
        var duties = FileHousekeeper.Duties()
        for list in series.values {
            var kept = list.rotated[...]
            if let count = options.keepFiles { kept = kept.suffix(count) }
            if let age = options.keep { kept = kept.drop { time - $0.rotatedAt > age } }
            duties.expired += list.rotated.dropLast(kept.count)
            if options.compression != .none { duties.uncompressed += kept.dropLast() }
        }
        hasRotated = !housekeeper.start(duties, at: time)
    }

    private func forgetRemovedFiles() async throws {
        let removed = housekeeper.takeRemoved()
        if removed.isEmpty { return }
        var changed: [String: SeriesState] = [:]
        for (name, list) in series where list.rotated.contains(where: removed.contains) {
            var list = list
            list.rotated.removeAll(where: removed.contains)
            changed[name] = list
        }
        try await save(series: changed)
    }

    /// Rotates a file that grew old without getting another record, and forgets one that is not written any more.
    private func lookAfterQuietFile(_ path: String, at time: Timestamp) async throws {
        guard let state = files[path], state.done.isEmpty else { return }
        guard let file = state.file else {
            // Rotated and not written to since: its series knows all that matters.
            try await forget(path)
            return
        }
        guard let status = try FileSystem.status(of: path) else {
            // Somebody took it away, long ago.
            if time - file.since > Self.forgetAfter { try await forget(path) }
            return
        }
        // What is not as it was settled waits for its next delivery.
        guard status.inode == file.inode,
            status.size == file.length, status.isRegular
        else { return }
        if isOld(state), file.length > 0 {
            try await intendRotation(of: path, state: state)
            return
        }
        if options.rotateInterval == nil, time - status.lastWrite > Self.forgetAfter {
            try await forget(path)
        }
    }

    private func forget(_ path: String) async throws {
        open[path] = nil
        try await save(files: [path: nil])
    }
}
