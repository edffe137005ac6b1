import CDeflate
import PipelineCore

/// What a segment file is made of: some records of one append, checksummed together.
///
/// All numbers are little-endian.
///
///     0   magic "TWF1"
///     4   CRC-32 of everything from byte 8 on
///     8   length of the frame in bytes, these included
///     12  number of records
///     16  sequence of the first record
///     24  lane
///     28  length of the origin
///     32  origin: account, account SID, dataset and, for records of one sink only, its name; each ended by a zero byte
///     ..  one index entry of 64 bytes per record
///     ..  the envelope lines
struct Frame: Sendable {
    /// A frame takes no more records once it has so many bytes: that and one record bound what one read from disk brings
    /// into memory.
    static let targetBytes = 1 << 20
    static let maximumRecords = 1000

    let firstSequence: Int64
    let origin: SpooledRecord.Origin
    /// Where the lines are: the frame as on disk, or the block that it was made of. The entries' ranges lie within.
    let bytes: [UInt8]
    let entries: [EnvelopeBlock.Entry]

    var lastSequence: Int64 { firstSequence + Int64(entries.count) - 1 }

    subscript(sequence: Int64) -> SpooledRecord {
        let entry = entries[Int(sequence - firstSequence)]
        return SpooledRecord(sequence: sequence, origin: origin, bytes: bytes, entry: entry)
    }
}

extension Frame {
    static let headerBytes = 32
    static let entryBytes = 64
    private static let magic: UInt32 = 0x3146_5754

    /// What lines need in a segment, a little more than less.
    static func estimatedBytes(of lines: EnvelopeLines) -> Int {
        // Each frame has a header, and its last block is not full.
        let frames = lines.count / maximumRecords + lines.estimatedBytes / (targetBytes / 2) + 1
        return lines.estimatedBytes + lines.count * entryBytes + frames * (BlockBuffer.blockBytes + 1024)
    }

    /// Makes the lines from `start` on, as many as one frame takes; at least one.
    init(_ lines: EnvelopeLines, from start: Int, origin: SpooledRecord.Origin, firstSequence: Int64) {
        var block = EnvelopeBlock()
        let rest = lines.estimatedBytes / max(1, lines.count) * (lines.count - start)
        block.bytes.reserveCapacity(min(Self.targetBytes, rest) + Self.slackBytes)
        block.entries.reserveCapacity(min(Self.maximumRecords, lines.count - start))
        for index in start..<min(lines.count, start + Self.maximumRecords) {
            lines.append(index, &block)
            if block.bytes.count + block.entries.count * Self.entryBytes >= Self.targetBytes { break }
        }
        self.init(block, origin: origin, firstSequence: firstSequence)
    }

    /// For the last line of a frame, and for estimates that are a little too low.
    private static let slackBytes = 16 << 10

    /// A frame of finished lines that stand one behind the other.
    init(_ block: EnvelopeBlock, origin: SpooledRecord.Origin, firstSequence: Int64) {
        self.firstSequence = firstSequence
        self.origin = origin
        bytes = block.bytes
        entries = block.entries
    }

    private var names: [UInt8] {
        let target = origin.target.map { "\($0)\0" } ?? ""
        return Array("\(origin.account)\0\(origin.accountSID)\0\(origin.dataset.rawValue)\0\(target)".utf8)
    }

    /// Where the lines are in `bytes`, the last one's line feed included.
    private var lines: Range<Int> {
        let from = entries.first?.line.lowerBound ?? 0
        return from..<(entries.last?.line.upperBound ?? from - 1) + 1
    }

    /// What `encode` writes, in bytes.
    var encodedLength: Int { Self.headerBytes + names.count + entries.count * Self.entryBytes + lines.count }

    /// Writes the frame to the beginning of `memory`, which has room for `encodedLength`.
    func encode(into memory: UnsafeMutableRawBufferPointer) {
        let raw = UnsafeMutableRawBufferPointer(rebasing: memory[..<encodedLength])
        func put(_ value: some FixedWidthInteger, at offset: Int) {
            raw.storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value.littleEndian))
        }
        let dataOffset = raw.count - lines.count
        let shift = dataOffset - lines.lowerBound
        put(Self.magic, at: 0)
        put(UInt32(raw.count), at: 8)
        put(UInt32(entries.count), at: 12)
        put(firstSequence, at: 16)
        put(UInt32(origin.lane.rawValue), at: 24)
        put(UInt32(names.count), at: 28)
        UnsafeMutableRawBufferPointer(rebasing: raw[Self.headerBytes...]).copyBytes(from: names)
        var offset = Self.headerBytes + names.count
        func put(_ range: Range<Int>) {
            put(UInt32(range.isEmpty ? 0 : range.lowerBound + shift), at: offset)
            put(UInt32(range.count), at: offset + 4)
            offset += 8
        }
        for entry in entries {
            put(entry.line)
            put(entry.raw)
            put(entry.id)
            put(entry.type)
            put(entry.time.milliseconds, at: offset)
            put(UInt64(entry.severity.rawValue), at: offset + 8)
            put(entry.identity.high, at: offset + 16)
            put(entry.identity.low, at: offset + 24)
            offset += 32
        }
        bytes.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(rebasing: raw[dataOffset...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[lines]))
        }
        put(Self.checksum(UnsafeRawBufferPointer(raw)), at: 4)
    }

    var encoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: encodedLength) { buffer, initialized in
            encode(into: UnsafeMutableRawBufferPointer(buffer))
            initialized = encodedLength
        }
    }

    /// Reads a frame back.
    /// - Parameters:
    ///   - start: where it begins in `bytes`; it ends with them.
    ///   - path: and `offset`, where the bytes lie, for the error.
    /// - Throws: `SpoolError.damaged` if the bytes are not what `encode` made.
    init(decoding bytes: [UInt8], from start: Int = 0, path: String, offset: Int64) throws(SpoolError) {
        func damaged(_ reason: String) -> SpoolError { .damaged(path: path, offset: offset, reason: reason) }
        let length = bytes.count - start
        guard length >= Frame.headerBytes else { throw damaged("the frame is cut short") }
        func read<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T {
            bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: start + offset, as: T.self)) }
        }
        guard read(UInt32.self, at: 0) == Frame.magic else { throw damaged("no frame starts here") }
        guard Int(read(UInt32.self, at: 8)) == length else { throw damaged("the frame's length is wrong") }
        let checksum = bytes.withUnsafeBytes { Frame.checksum(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        guard checksum == read(UInt32.self, at: 4) else { throw damaged("the checksum differs") }
        let count = Int(read(UInt32.self, at: 12))
        let names = Int(read(UInt32.self, at: 28))
        let dataOffset = Frame.headerBytes + names + count * Frame.entryBytes
        guard dataOffset <= length else { throw damaged("the frame's index is cut short") }
        let parts = bytes[start + Frame.headerBytes..<start + Frame.headerBytes + names].split(
            separator: 0, omittingEmptySubsequences: false)
        // The last part is what follows the last zero byte: nothing.
        guard parts.count == 4 || parts.count == 5,
            let dataset = Dataset(rawValue: String(decoding: parts[2], as: UTF8.self)),
            let lane = UInt8(exactly: read(UInt32.self, at: 24)).flatMap(Lane.init)
        else { throw damaged("the frame's origin cannot be read") }
        var entries: [EnvelopeBlock.Entry] = []
        entries.reserveCapacity(count)
        for index in 0..<count {
            let at = Frame.headerBytes + names + index * Frame.entryBytes
            func range(_ part: Int) -> Range<Int>? {
                let from = start + Int(read(UInt32.self, at: at + part * 8))
                let to = from + Int(read(UInt32.self, at: at + part * 8 + 4))
                return to <= bytes.count ? from..<to : nil
            }
            guard let line = range(0), let raw = range(1), let id = range(2), let type = range(3),
                let severity = UInt8(exactly: read(UInt64.self, at: at + 40)).flatMap(Severity.init)
            else { throw damaged("the frame's index points outside") }
            entries.append(
                EnvelopeBlock.Entry(
                    line: line, raw: raw, id: id, type: type,
                    time: Timestamp(milliseconds: read(Int64.self, at: at + 32)), severity: severity,
                    identity: RecordIdentity(high: read(UInt64.self, at: at + 48), low: read(UInt64.self, at: at + 56)))
            )
        }
        self.bytes = bytes
        self.entries = entries
        firstSequence = read(Int64.self, at: 16)
        origin = SpooledRecord.Origin(
            account: String(decoding: parts[0], as: UTF8.self), accountSID: String(decoding: parts[1], as: UTF8.self),
            dataset: dataset, lane: lane,
            target: parts.count == 5 ? String(decoding: parts[3], as: UTF8.self) : nil)
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let covered = UnsafeRawBufferPointer(rebasing: bytes[8...])
        return libdeflate_crc32(0, covered.baseAddress, covered.count)
    }
}
