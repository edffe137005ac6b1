import Logging
import PipelineCore

extension FileSink {
    /// Writes those lines that are not in the path's files yet, and syncs them. Returns what is then to be settled.
    func append(_ lines: PathLines) async throws -> FileState {
        try probe(.begun)
        if series[lines.series]?.rotation != nil { try await finishRotation(of: lines.series) }
        var work = Work(lines: lines, state: files[lines.path] ?? FileState(series: lines.series))
        work.state.series = lines.series
        work.next = lines.sequences.prefix { work.state.done.contains($0) }.count

        if let file = try await findFile(for: &work) {
            try settleTail(of: file, for: &work)
            if file.isMoved, file.end == work.length {
                // Somebody moved it and everything in it is accounted for: the rest goes to a new file at the path.
                try sync(file, for: &work)
                open[lines.path] = nil
                work.state.file = nil
            }
        }
        while work.next < lines.count {
            let file = try await fileToAppend(for: &work)
            var after = lines.lineAfter(work.next, fitting: (options.rotateBytes ?? .max) - file.end)
            // A line too long for any file gets one of its own.
            if after == work.next, file.end == 0 { after += 1 }
            if after == work.next || file.end > 0 && isOld(work.state) {
                try sync(file, for: &work)
                try await rotate(file, for: &work)
                continue
            }
            for slice in lines.slices(lines.start(of: work.next)..<lines.start(of: after)) { try file.append(slice) }
            work.settle(file)
            work.next = after
            try probe(.written)
        }
        if let file = open[lines.path] { try sync(file, for: &work) }
        work.state.done.settle(lines.sequences[0]...lines.sequences[lines.count - 1])
        return work.state
    }

    /// Where a delivery to one path stands.
    struct Work {
        let lines: PathLines
        /// What would be settled if the delivery ended here.
        var state: FileState
        /// The first line that is not written.
        var next = 0

        /// Settled bytes of the present file.
        var length: Int64 { state.file?.length ?? 0 }

        /// The state with the lines done so far, for saving in mid-delivery.
        var interim: FileState {
            var interim = state
            if let range = lines.delivered(before: next) { interim.done.insert(range) }
            return interim
        }

        /// Counts everything up to the end of `file`, or to `length`, as settled.
        mutating func settle(_ file: AppendedFile, length: Int64? = nil) {
            let length = length ?? file.end
            state.file?.length = length
            state.file?.digest = file.digest(upTo: length)
        }
    }

    /// Makes the tail, as far as lines are due, equal to them, and completes a torn last line.
    private func settleTail(of file: AppendedFile, for work: inout Work) throws {
        guard file.end > work.length, work.next < work.lines.count else { return }
        let lines = work.lines
        let start = lines.start(of: work.next)
        let (equal, cut) = try file.settleTail(from: work.length, due: lines.bytes(from: start))
        if cut > 0 {
            log.warning(
                "bytes that were never settled differ from what is due and were cut",
                metadata: [
                    "message_id": "\(LogKind.fileChangedByOthers)", "file.path": "\(file.path)",
                    "file.offset": "\(file.end)", "file.cut_bytes": "\(cut)",
                ])
        }
        var offset = start + equal
        var line = lines.line(at: offset)
        if line < lines.count, offset > lines.start(of: line) {
            for slice in lines.slices(offset..<lines.start(of: line + 1)) { try file.append(slice) }
            offset = lines.start(of: line + 1)
            line += 1
        }
        work.settle(file, length: work.length + Int64(offset - start))
        work.next = line
        try probe(.tailSettled)
    }

    /// Makes the file last, and finds out whether it is still what we think it is.
    private func sync(_ file: AppendedFile, for work: inout Work) throws {
        let hasTail = file.end > work.length
        try file.sync()
        try probe(.synced)
        let (size, links) = try file.refresh()
        guard links > 0, size >= file.end else { throw FileSinkError.changedMeanwhile(path: file.path) }
        guard size > file.end else { return }
        warnOfForeignBytes(in: file, count: size - file.end)
        try accept(size, of: file)
        if !hasTail { work.settle(file) }
    }

    func warnOfForeignBytes(in file: AppendedFile, count: Int64) {
        log.warning(
            "another program writes to the file; its bytes are kept",
            metadata: [
                "message_id": "\(LogKind.fileChangedByOthers)", "file.path": "\(file.path)", "file.bytes": "\(count)",
            ])
    }
}
