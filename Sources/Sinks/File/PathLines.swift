import Formatting
import PipelineCore

/// The lines of a batch that go to one path, in the batch's order.
///
/// What goes out as the spool has it stays where it is: copying it would cost as much as writing it.
struct PathLines {
    let path: String
    let series: String
    /// Lines, each ended by a line feed, that lie one behind the other.
    private struct Piece {
        var bytes: [UInt8]
        var range: Range<Int>
        /// Where `range` begins, counted over all pieces.
        let start: Int
        /// Whether the bytes are the spool's.
        let isBorrowed: Bool

        var end: Int { start + range.count }
    }

    private var pieces: [Piece] = []
    /// A shorter piece is copied: it would cost more to write it by itself.
    private static let shortest = 16 << 10
    /// What all lines may take, for those that are not in the spool's form.
    private var expectedBytes = 0
    /// Where each line ends, its line feed included, counted from the first line's beginning.
    private(set) var ends: [Int] = []
    /// The records' numbers in the spool.
    private(set) var sequences: [Int64] = []

    fileprivate init(path: String, series: String) {
        self.path = path
        self.series = series
    }

    var count: Int { ends.count }

    fileprivate mutating func reserve(_ batch: Batch) {
        ends.reserveCapacity(batch.records.count)
        sequences.reserveCapacity(batch.records.count)
        expectedBytes = batch.lineBytes + batch.records.count
    }

    fileprivate mutating func append(_ record: SpooledRecord, _ format: RecordFormat) {
        precondition(sequences.last.map { $0 < record.sequence } ?? true)
        let (line, bytes) = (record.entry.line, record.bytes)
        let hasLineFeed = line.upperBound < bytes.count && bytes[line.upperBound] == UInt8(ascii: "\n")
        if hasLineFeed, format.isSpooledForm(of: record) {
            borrow(line.lowerBound..<line.upperBound + 1, of: bytes)
        } else {
            copyShortPiece()
            write(reserving: expectedBytes - byteCount) { bytes in
                format.append(record, to: &bytes)
                bytes.append(UInt8(ascii: "\n"))
            }
        }
        ends.append(pieces.last?.end ?? 0)
        sequences.append(record.sequence)
    }

    private mutating func borrow(_ line: Range<Int>, of bytes: [UInt8]) {
        if let last = pieces.indices.last, pieces[last].isBorrowed, pieces[last].range.upperBound == line.lowerBound,
            pieces[last].bytes.isSame(as: bytes)
        {
            pieces[last].range = pieces[last].range.lowerBound..<line.upperBound
        } else {
            copyShortPiece()
            pieces.append(Piece(bytes: bytes, range: line, start: byteCount, isBorrowed: true))
        }
    }

    /// Copies the last piece if it is short, as where every other record goes elsewhere.
    private mutating func copyShortPiece() {
        guard let last = pieces.last, last.isBorrowed, last.range.count < Self.shortest else { return }
        pieces.removeLast()
        write(reserving: 0) { $0.append(contentsOf: last.bytes[last.range]) }
    }

    /// - Parameter reserving: bytes; growing by doubling would copy all of it again and again.
    private mutating func write(reserving: Int, _ body: (inout [UInt8]) -> Void) {
        if pieces.last?.isBorrowed ?? true {
            pieces.append(Piece(bytes: [], range: 0..<0, start: byteCount, isBorrowed: false))
            pieces[pieces.count - 1].bytes.reserveCapacity(max(0, reserving))
        }
        let last = pieces.count - 1
        body(&pieces[last].bytes)
        pieces[last].range = 0..<pieces[last].bytes.count
    }

    /// All lines together.
    var byteCount: Int { pieces.last?.end ?? 0 }

    /// The bytes of `range`, counted from the first line's beginning, piece by piece.
    func slices(_ range: Range<Int>) -> [ArraySlice<UInt8>] {
        pieces.compactMap { piece in
            let part = range.clamped(to: piece.start..<piece.end)
            guard !part.isEmpty else { return nil }
            let shift = piece.range.lowerBound - piece.start
            return piece.bytes[part.lowerBound + shift..<part.upperBound + shift]
        }
    }

    /// The bytes from `offset` on, in one piece.
    func bytes(from offset: Int) -> ArraySlice<UInt8> {
        let slices = slices(offset..<max(offset, byteCount))
        return slices.count == 1 ? slices[0] : Array(slices.joined())[...]
    }

    /// Where the line begins; of the line after the last, where all end.
    func start(of line: Int) -> Int { line == 0 ? 0 : ends[line - 1] }

    /// The line that the byte at `offset` belongs to, or `count` at the end.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first line after those from `line` on that make up at most `room` bytes.
    func lineAfter(_ line: Int, fitting room: Int64) -> Int {
        let start = start(of: line)
        if room >= byteCount - start { return count }
        return room <= 0 ? line : self.line(at: start + Int(room))
    }

    /// From the first line's number to that of the line before `line`; nil when there is none.
    func delivered(before line: Int) -> ClosedRange<Int64>? {
        line == 0 ? nil : sequences[0]...sequences[line - 1]
    }
}

extension PathLines {
    /// Sorts a batch's records by path, paths in the order of their first record.
    /// - Precondition: the records' numbers grow, as the spool's order has them.
    static func sorting(_ batch: Batch, by template: PathTemplate, format: RecordFormat) -> [PathLines] {
        struct Group: Hashable {
            let origin: SpooledRecord.Origin
            let day: Int64
        }
        var groups: [Group: Int] = [:]
        var places: [String: Int] = [:]
        var sorted: [PathLines] = []
        var current: (group: Group, place: Int)?
        for record in batch.records {
            let day: Int64 = 86_400_000
            let time = record.entry.time
            let group = Group(
                origin: record.origin,
                day: template.isDated ? time.rounded(downTo: .milliseconds(day)).milliseconds / day : 0)
            let place: Int
            if let current, current.group == group {
                place = current.place
            } else if let known = groups[group] {
                place = known
            } else {
                // Origins differ by lane, too, and may share a path.
                let path = template.path(for: record.origin, at: time)
                place = places[path] ?? sorted.count
                if place == sorted.count {
                    var lines = PathLines(path: path, series: template.series(for: record.origin))
                    // Nearly always, all go to one path.
                    if sorted.isEmpty { lines.reserve(batch) }
                    sorted.append(lines)
                    places[path] = place
                }
                groups[group] = place
            }
            current = (group, place)
            sorted[place].append(record, format)
        }
        return sorted
    }
}

extension [UInt8] {
    /// Whether both are one array: then no byte need be compared.
    fileprivate func isSame(as other: [UInt8]) -> Bool {
        withUnsafeBufferPointer { bytes in other.withUnsafeBufferPointer { $0.baseAddress == bytes.baseAddress } }
    }
}
