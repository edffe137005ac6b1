import Logging
import PipelineCore

// A rotation in four steps, each of which can be the last before a crash:
//
//  1. saved: the file's settled length, the records done, and the intention with its number
//  2. renamed PATH to PATH.NUMBER, directory synced
//  3. saved: the rotated file in its series' list, no present file, no intention
//  4. a new file at the path, when a line needs one (`fileToAppend`)
//
// `finishRotation` does 2 and 3 from whatever it finds.

extension FileSink {
    /// The numbers tried when a rotated file's name is taken by a stranger.
    private static let longestSearchForName = 1000
    /// Rotated files remembered per series; older ones are no longer compressed or removed. Only a sink that keeps
    /// everything gets there.
    private static let longestList = 10_000

    func isOld(_ state: FileState) -> Bool {
        guard let interval = options.rotateInterval, let since = state.file?.since else { return false }
        return now() - since >= interval
    }

    /// Rotates the present file, which holds nothing but what is settled or done.
    func rotate(_ file: AppendedFile, for work: inout Work) async throws {
        try await intendRotation(of: work.lines.path, state: work.interim)
        work.state = files[work.lines.path] ?? work.state
    }

    func intendRotation(of path: String, state: FileState) async throws {
        guard let file = state.file else { return }
        var list = series[state.series] ?? SeriesState()
        list.rotation = SeriesState.Rotation(
            path: path, sequence: list.nextSequence, inode: file.inode, size: file.length)
        list.nextSequence += 1
        try await save(files: [path: state], series: [state.series: list])
        try probe(.rotationIntended)
        open[path] = nil
        try await finishRotation(of: state.series)
    }

    func finishRotation(of name: String) async throws {
        guard var list = series[name], let rotation = list.rotation else { return }
        var state = files[rotation.path] ?? FileState(series: name)
        var rotated = RotatedFile(
            path: rotation.path, sequence: rotation.sequence, size: rotation.size, rotatedAt: now())
        var isRotated = try FileSystem.status(of: rotated.name)?.inode == rotation.inode
        if !isRotated, try FileSystem.status(of: rotation.path)?.inode == rotation.inode {
            isRotated = try await rename(&rotated, in: name)
            list = series[name] ?? list
        }
        if isRotated {
            list.rotated.append(rotated)
            list.rotated.removeFirst(max(0, list.rotated.count - Self.longestList))
        }
        list.rotation = nil
        state.file = nil
        open[rotation.path] = nil
        try await save(files: [rotation.path: state], series: [name: list])
        if isRotated {
            hasRotated = true
            log.info("rotated", metadata: ["file.path": "\(rotated.name)", "file.bytes": "\(rotated.size)"])
        } else {
            log.warning(
                "the file was moved by another program before it could be rotated",
                metadata: ["message_id": "\(LogKind.fileChangedByOthers)", "file.path": "\(rotation.path)"])
        }
        try probe(.rotationRecorded)
    }

    /// Gives the file its new name, or that of a later number when the name is taken: then the number is saved first.
    private func rename(_ rotated: inout RotatedFile, in name: String) async throws -> Bool {
        for _ in 0..<Self.longestSearchForName {
            let candidate = rotated
            let isFree = try CompressionForm.allCases.allSatisfy {
                try FileSystem.status(of: candidate.compressedName($0)) == nil
            }
            if isFree,
                try FileSystem.rename(rotated.path, to: rotated.name)
            {
                try probe(.renamed)
                try FileSystem.syncDirectory(of: rotated.path)
                return true
            }
            guard var list = series[name] else { break }
            rotated.sequence = list.nextSequence
            list.rotation?.sequence = list.nextSequence
            list.nextSequence += 1
            try await save(series: [name: list])
        }
        throw FileSinkError.noFreeName(path: rotated.path)
    }
}
