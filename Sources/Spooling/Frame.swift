import CZlib
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
    /// Bounds what one read from disk brings into memory; a single longer line makes a frame of its own.
    static let targetBytes = 1 << 20
    static let maximumRecords = 1000

    let firstSequence: Int64
    let origin: SpooledRecord.Origin
    /// The whole frame as on disk; the entries' ranges lie within.
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

    /// What a block needs in a segment, a little more than less.
    static func estimatedBytes(of block: EnvelopeBlock) -> Int {
        block.bytes.count + block.entries.count * entryBytes + (block.entries.count / maximumRecords + 1) * 1024
    }

    /// Cuts a block into ranges of entries, each small enough for one frame.
    static func cuts(of block: EnvelopeBlock) -> [Range<Int>] {
        var cuts: [Range<Int>] = []
        var start = 0
        var size = 0
        for (index, entry) in block.entries.enumerated() {
            let line = entry.line.count + 1 + entryBytes
            if index > start, size + line > targetBytes || index - start >= maximumRecords {
                cuts.append(start..<index)
                start = index
                size = 0
            }
            size += line
        }
        if start < block.entries.count { cuts.append(start..<block.entries.count) }
        return cuts
    }

    /// The frame's bytes for the given entries of a block.
    static func encode(
        _ range: Range<Int>, of block: EnvelopeBlock, origin: SpooledRecord.Origin, firstSequence: Int64
    ) -> [UInt8] {
        let target = origin.target.map { "\($0)\0" } ?? ""
        let names = Array("\(origin.account)\0\(origin.accountSID)\0\(origin.dataset.rawValue)\0\(target)".utf8)
        let entries = block.entries[range]
        let from = entries.first?.line.lowerBound ?? 0
        let to = (entries.last?.line.upperBound ?? -1) + 1
        let dataOffset = headerBytes + names.count + entries.count * entryBytes
        let length = dataOffset + (to - from)
        let shift = dataOffset - from
        return [UInt8](unsafeUninitializedCapacity: length) { buffer, initialized in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            func put(_ value: some FixedWidthInteger, at offset: Int) {
                raw.storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value.littleEndian))
            }
            put(magic, at: 0)
            put(UInt32(length), at: 8)
            put(UInt32(entries.count), at: 12)
            put(firstSequence, at: 16)
            put(UInt32(origin.lane.rawValue), at: 24)
            put(UInt32(names.count), at: 28)
            raw.baseAddress?.advanced(by: headerBytes).copyMemory(from: names, byteCount: names.count)
            var offset = headerBytes + names.count
            for entry in entries {
                for (index, range) in [entry.line, entry.raw, entry.id, entry.type].enumerated() {
                    put(UInt32(range.isEmpty ? 0 : range.lowerBound + shift), at: offset + index * 8)
                    put(UInt32(range.count), at: offset + index * 8 + 4)
                }
                put(entry.time.milliseconds, at: offset + 32)
                put(UInt64(entry.severity.rawValue), at: offset + 40)
                put(entry.identity.high, at: offset + 48)
                put(entry.identity.low, at: offset + 56)
                offset += entryBytes
            }
            block.bytes.withUnsafeBytes { source in
                if let start = source.baseAddress, to > from {
                    raw.baseAddress?.advanced(by: dataOffset).copyMemory(from: start + from, byteCount: to - from)
                }
            }
            put(checksum(UnsafeRawBufferPointer(raw)), at: 4)
            initialized = length
        }
    }

    /// Reads a frame back.
    /// - Parameter path: and `offset`, where the bytes lie, for the error.
    /// - Throws: `SpoolError.damaged` if the bytes are not what `encode` made.
    init(decoding bytes: [UInt8], path: String, offset: Int64) throws(SpoolError) {
        func damaged(_ reason: String) -> SpoolError { .damaged(path: path, offset: offset, reason: reason) }
        guard bytes.count >= Frame.headerBytes else { throw damaged("the frame is cut short") }
        func read<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T {
            bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
        }
        guard read(UInt32.self, at: 0) == Frame.magic else { throw damaged("no frame starts here") }
        guard Int(read(UInt32.self, at: 8)) == bytes.count else { throw damaged("the frame's length is wrong") }
        guard bytes.withUnsafeBytes(Frame.checksum) == read(UInt32.self, at: 4) else {
            throw damaged("the checksum differs")
        }
        let count = Int(read(UInt32.self, at: 12))
        let names = Int(read(UInt32.self, at: 28))
        let dataOffset = Frame.headerBytes + names + count * Frame.entryBytes
        guard dataOffset <= bytes.count else { throw damaged("the frame's index is cut short") }
        let parts = bytes[Frame.headerBytes..<Frame.headerBytes + names].split(
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
                let from = Int(read(UInt32.self, at: at + part * 8))
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
        // A frame is far below 4 GiB, the most that one call takes.
        return UInt32(crc32(0, covered.bindMemory(to: UInt8.self).baseAddress, UInt32(covered.count)))
    }
}
