import PipelineCore

/// What is committed about the file at one path.
///
/// A file longer than `file.length` has a tail: bytes of deliveries that were never settled.
struct FileState: Equatable {
    /// Bytes at a file's start that recognise it.
    static let longestHead = 1024

    struct Digest: Equatable {
        var covered: Int
        var checksum: UInt32
    }

    struct File: Equatable {
        var device: UInt64
        var inode: UInt64
        var digest: Digest
        /// Settled bytes.
        var length: Int64
        /// When its first record was written.
        var since: Timestamp
    }

    /// What the rotated files are listed under.
    var series: String
    /// Nil when the next record begins a new file.
    var file: File?
    /// Records of unsettled deliveries that are safe in earlier files or in the settled part of this one.
    var done = DoneRecords()

    init(series: String) {
        self.series = series
    }
}

/// Records, by sequence number, that must not be written again when their delivery is repeated.
///
/// A range is forgotten with the delivery that contains its last record. Deliveries are repeated in order, but may be
/// cut differently, and other lanes' records may come between.
struct DoneRecords: Equatable {
    /// More than there are lanes; the oldest is given up beyond that.
    private static let limit = 8

    private(set) var ranges: [ClosedRange<Int64>] = []

    var isEmpty: Bool { ranges.isEmpty }

    func contains(_ sequence: Int64) -> Bool {
        !ranges.isEmpty && ranges.contains { $0.contains(sequence) }
    }

    mutating func insert(_ range: ClosedRange<Int64>) {
        var union = range
        for other in ranges where other.overlaps(range) {
            union = min(union.lowerBound, other.lowerBound)...max(union.upperBound, other.upperBound)
        }
        ranges.removeAll { $0.overlaps(range) }
        ranges.append(union)
        if ranges.count > Self.limit { ranges.removeFirst() }
    }

    mutating func settle(_ delivered: ClosedRange<Int64>) {
        ranges.removeAll { delivered.contains($0.upperBound) }
    }
}

/// What is committed about the rotated files of one series: the files of a path, or of all dates of it.
struct SeriesState: Equatable {
    /// A rotation that was begun.
    struct Rotation: Equatable {
        var path: String
        var sequence: Int64
        var inode: UInt64
        var size: Int64
    }

    /// The number of the next rotated file; never given twice.
    var nextSequence: Int64 = 1
    var rotation: Rotation?
    /// Oldest first.
    var rotated: [RotatedFile] = []
}

/// A file that we rotated: `PATH.000001`, or compressed `PATH.000001.gz` or `PATH.000001.zst`.
struct RotatedFile: Hashable {
    var path: String
    var sequence: Int64
    /// Uncompressed bytes.
    var size: Int64
    var rotatedAt: Timestamp

    var name: String { Self.name(path, sequence) }
    func compressedName(_ form: CompressionForm) -> String { name + form.suffix }

    /// Beside the file, where no reader looks.
    func temporaryName(_ form: CompressionForm) -> String {
        let compressed = compressedName(form)
        guard let slash = compressed.lastIndex(of: "/") else { return "." + compressed + ".tmp" }
        return compressed[...slash] + "." + compressed[compressed.index(after: slash)...] + ".tmp"
    }

    static func name(_ path: String, _ sequence: Int64) -> String {
        let digits = String(sequence)
        return path + "." + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
