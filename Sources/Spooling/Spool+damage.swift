import Glibc
import PipelineCore

extension Spool {
    /// Marks what cannot be read, and notes down that it is collected again for the sinks that have not had it.
    func setAside(_ place: Damage.Place, _ error: SpoolError) throws {
        let time = now()
        var damage: Damage?
        try commit { damage = try Damage.setAside(place, directory, calls, now: time, $0) }
        guard let damage else { return }
        tell(.damaged(error, damage))
        notify()
    }

    /// So many damaged segments are kept for inspection.
    private static let keptDamagedFiles = 2

    /// Keeps the file of a damaged segment that is given up, and removes older ones.
    func keepDamagedFile(_ id: Int64) {
        let path = directory.damagedPath(id)
        guard rename(directory.segmentPath(id), path) == 0 else { return }
        disk[path] = FileSize(path)?.allocated
        for path in disk.damagedFiles.dropLast(Self.keptDamagedFiles) { removeDamagedFile(path) }
    }

    /// - Returns: whether there were any.
    func removeDamagedFiles() -> Bool {
        let files = disk.damagedFiles
        files.forEach(removeDamagedFile)
        return !files.isEmpty
    }

    private func removeDamagedFile(_ path: String) {
        _ = calls.unlink(path)
        disk[path] = nil
    }
}
