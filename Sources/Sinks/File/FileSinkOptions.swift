package import Formatting

/// What a file sink is told by the configuration.
package struct FileSinkOptions: Hashable, Sendable {
    package enum Compression: String, Hashable, Sendable, CaseIterable {
        case gzip, zstd, none
    }

    package var path: PathTemplate
    package var format: RecordFormat
    /// A file is rotated before a line would make it longer than this; one longer line gets a file of its own. Nil: never.
    package var rotateBytes: Int64?
    /// A file is rotated this long after its first record. Nil: never.
    package var rotateInterval: Duration?
    /// Of rotated files but the newest of each series.
    package var compression: Compression
    /// How many rotated files of a series are kept. Nil: all.
    package var keepFiles: Int?
    /// How long a file is kept after it was rotated. Nil: for ever.
    package var keep: Duration?
    /// Permission bits of the files; the owner can always read and write.
    package var mode: UInt32
    /// The name of the group that files and new directories belong to. Nil: the service's own.
    package var group: String?
    /// Descriptors held at once, for `{date}` and `{account}` with many values.
    package var maximumOpenFiles: Int

    package init(
        path: PathTemplate, format: RecordFormat = .envelope(), rotateBytes: Int64? = 100 << 20,
        rotateInterval: Duration? = .seconds(86_400), compression: Compression = .gzip, keepFiles: Int? = nil,
        keep: Duration? = nil, mode: UInt32 = 0o640, group: String? = nil, maximumOpenFiles: Int = 64
    ) {
        precondition(rotateBytes.map { $0 > 0 } ?? true)
        precondition(rotateInterval.map { $0 > .zero } ?? true)
        precondition(keepFiles.map { $0 >= 0 } ?? true)
        precondition(maximumOpenFiles > 0)
        self.path = path
        self.format = format
        self.rotateBytes = rotateBytes
        self.rotateInterval = rotateInterval
        self.compression = compression
        self.keepFiles = keepFiles
        self.keep = keep
        self.mode = mode & 0o777 | 0o600
        self.group = group
        self.maximumOpenFiles = maximumOpenFiles
    }
}
