/// How rotated files are compressed.
enum CompressionForm: CaseIterable {
    case gzip, zstd

    var suffix: String {
        switch self {
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }

    /// - Throws: `FileSinkError` when there is no memory for it.
    func compressor(for path: String) throws(FileSinkError) -> any Compressor {
        switch self {
        case .gzip: try GzipCompressor(path: path)
        case .zstd: try ZstdCompressor(path: path)
        }
    }

    /// Whether `compressed` holds all of `source`.
    func isComplete(_ compressed: String, of source: String) throws(FileSinkError) -> Bool {
        switch self {
        case .gzip: try GzipCompressor.isComplete(compressed, of: source)
        case .zstd: try ZstdReader.isComplete(compressed, of: source)
        }
    }
}

/// Compresses a stream of bytes, in constant memory.
protocol Compressor: AnyObject {
    /// Compresses the next piece; an empty one ends the stream.
    ///
    /// - Parameter emit: called with what is ready.
    func compress(
        _ piece: ArraySlice<UInt8>, _ emit: (ArraySlice<UInt8>) throws(FileSinkError) -> Void
    ) throws(FileSinkError)
}
