import Glibc
import Logging
import PipelineCore

extension FileSink {
    /// Opens the file that holds what was settled, wherever it is by now. Nil, and no `file` in the state, if there is
    /// none: then the next line begins a new file.
    func findFile(for work: inout Work) async throws -> AppendedFile? {
        guard let known = work.state.file else { return nil }
        let path = work.lines.path
        if let file = open[path] {
            let (size, links) = try file.refresh()
            if links > 0 {
                if try !isAt(path, file.status), !file.isMoved {
                    file.isMoved = true
                    log.info(Self.movedMessage, metadata: ["file.path": "\(path)"])
                }
                try await takeNote(of: file, size: size, for: &work)
                return file
            }
            open[path] = nil
        }
        if let status = try FileSystem.status(of: path), status.inode == known.inode, status.isRegular {
            let file = try AppendedFile(path, create: false)
            if file.end < known.length || file.digest(upTo: known.length) == known.digest {
                open[path] = file
                try await takeNote(of: file, size: file.end, for: &work)
                return file
            }
        }
        for candidate in FileSystem.paths(beside: path, withInode: known.inode) where candidate != path {
            guard let status = try FileSystem.status(of: candidate), status.isRegular, status.inode == known.inode,
                status.size >= known.length
            else { continue }
            let file = try AppendedFile(candidate, create: false)
            guard file.digest(upTo: known.length) == known.digest else { continue }
            file.isMoved = true
            log.info(Self.movedMessage, metadata: ["file.path": "\(path)", "file.moved_to": "\(candidate)"])
            open[path] = file
            return file
        }
        log.warning(
            """
            the file is gone: another program moved it to another directory, replaced or removed it; \
            the next records go to a new one
            """,
            metadata: [
                "message_id": "\(LogKind.fileChangedByOthers)", "file.path": "\(path)",
                "file.settled_bytes": "\(known.length)",
            ])
        work.state.file = nil
        return nil
    }

    /// The file that takes the next lines: the present one, or a new one at the path.
    func fileToAppend(for work: inout Work) async throws -> AppendedFile {
        let path = work.lines.path
        if work.state.file != nil, let file = open[path] { return file }
        let file = try createOrOpen(path)
        if file.end == 0 {
            // Another program that made the file decided who may read it.
            if file.status.owner == geteuid() { try file.setAccess(mode: options.mode, group: groupID) }
            try FileSystem.syncDirectory(of: path)
        } else {
            log.info(
                "the file exists already and is continued",
                metadata: ["file.path": "\(path)", "file.bytes": "\(file.end)"])
            try endLine(of: file)
        }
        try probe(.created)
        work.state.file = FileState.File(
            device: file.status.device, inode: file.status.inode, digest: file.digest(upTo: file.end),
            length: file.end, since: now())
        try await save(files: [path: work.interim])
        open[path] = file
        try probe(.adopted)
        return file
    }

    private func createOrOpen(_ path: String) throws -> AppendedFile {
        do {
            return try AppendedFile(path, create: true)
        } catch .failed(_, _, ENOENT) {
            try FileSystem.createDirectories(above: path, group: groupID)
            return try AppendedFile(path, create: true)
        }
    }

    private static let movedMessage: Logger.Message =
        "the file was moved by another program; the next records go to a new one"

    /// What to do when the file is not as long as it was left.
    private func takeNote(of file: AppendedFile, size: Int64, for work: inout Work) async throws {
        if size < work.length {
            try await continueCutFile(file, size: size, for: &work)
        } else if size > file.end, file.end == work.length {
            warnOfForeignBytes(in: file, count: size - file.end)
            try accept(size, of: file)
            work.settle(file)
            try await save(files: [work.lines.path: work.interim])
        } else if size != file.end {
            try file.acceptSize(size)
        }
    }

    /// Goes on behind what somebody else left, on a line of its own.
    func accept(_ size: Int64, of file: AppendedFile) throws {
        try file.acceptSize(size)
        try endLine(of: file)
    }

    private func endLine(of file: AppendedFile) throws {
        if try file.endsWithLine() { return }
        try file.append([UInt8(ascii: "\n")])
        try file.sync()
    }

    private func isAt(_ path: String, _ status: FileSystem.Status) throws -> Bool {
        guard let there = try FileSystem.status(of: path) else { return false }
        return there.inode == status.inode && there.device == status.device
    }

    /// Goes on at the end of a file that became shorter than what was settled, as copytruncate leaves it.
    private func continueCutFile(_ file: AppendedFile, size: Int64, for work: inout Work) async throws {
        log.warning(
            """
            the file was cut by another program and is continued at its end; \
            use rename instead of copytruncate, which can lose records between its copy and its cut
            """,
            metadata: [
                "message_id": "\(LogKind.fileChangedByOthers)",
                "file.path": "\(file.path)", "file.bytes": "\(size)", "file.settled_bytes": "\(work.length)",
            ])
        try accept(size, of: file)
        work.settle(file)
        work.state.file?.since = now()
        try await save(files: [work.lines.path: work.interim])
    }
}
