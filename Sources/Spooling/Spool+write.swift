import GRDB
import Glibc
import PipelineCore

extension Spool {
    struct WrittenFrame {
        let origin: SpooledRecord.Origin
        let sequences: ClosedRange<Int64>
        let offset: Int64
        let length: Int
    }

    /// Writes records to the open segment in frames, each from the beginning of a block, and makes them durable.
    func write(
        _ parts: [RecordPart]
    ) throws(SpoolError) -> (segment: Int64, frames: [WrittenFrame], end: Int64) {
        if let current = segment?.length, current >= options.segmentBytes || segmentExpires <= now() { segment = nil }
        if segment == nil {
            let id = try freeSegmentID()
            do {
                segment = try SegmentFile(creating: id, in: directory, calls)
            } catch {
                untidySegments.insert(id)
                throw error
            }
            segmentExpires = now() + options.segmentLife
        }
        var written: [WrittenFrame] = []
        var sequence = nextSequence
        do {
            for part in parts {
                var done = 0
                while done < part.lines.count {
                    let frame = Frame(part.lines, from: done, origin: part.origin, firstSequence: sequence)
                    written.append(
                        WrittenFrame(
                            origin: part.origin, sequences: sequence...frame.lastSequence, offset: segment?.length ?? 0,
                            length: frame.encodedLength))
                    try write(frame)
                    if options.recentBytes > 0 { recentFrames.add(frame) }
                    done += frame.entries.count
                    sequence += Int64(frame.entries.count)
                }
            }
            try segment?.sync()
        } catch {
            recentFrames.forget(from: nextSequence)
            abandonSegment()
            throw error
        }
        return (segment?.id ?? 0, written, segment?.length ?? 0)
    }

    private func write(_ frame: Frame) throws(SpoolError) {
        let length = frame.encodedLength
        try buffer.withBlocks(length) { blocks throws(SpoolError) in
            frame.encode(into: blocks)
            UnsafeMutableRawBufferPointer(rebasing: blocks[length...]).initializeMemory(as: UInt8.self, repeating: 0)
            try segment?.append(UnsafeRawBufferPointer(blocks))
        }
    }

    /// Never writes to the open segment again, and gives back what a failed write left beyond its committed length.
    private func abandonSegment() {
        guard let id = segment?.id else { return }
        segment = nil
        untidySegments.insert(id)
        tidySegments()
    }

    /// Cuts files to what counts. What fails here is done with a later commit, or at the next start.
    func tidySegments() {
        for id in untidySegments {
            let path = directory.segmentPath(id)
            guard
                let committed = try? query({ database in
                    try Int64.fetchOne(database, sql: "SELECT length FROM segment WHERE id = ?", arguments: [id]) ?? 0
                }),
                (committed == 0 ? calls.unlink(path) : calls.truncate(path, off_t(committed))) == 0 || errno == ENOENT
            else { continue }
            untidySegments.remove(id)
            disk[path] = committed == 0 ? nil : FileSize(path)?.allocated
        }
    }

    /// The file of an append that was never committed may still be there: its number is not used again.
    private func freeSegmentID() throws(SpoolError) -> Int64 {
        lastSegmentID =
            max(lastSegmentID, try query { try Int64.fetchOne($0, sql: "SELECT MAX(id) FROM segment") ?? 0 }) + 1
        return lastSegmentID
    }
}
