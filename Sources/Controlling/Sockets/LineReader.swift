import Sockets

/// Reads a socket line by line, and never holds more than one line's limit and one chunk.
final class LineReader {
    private let socket: StreamSocket
    private var buffer: [UInt8] = []
    private var start = 0
    private static let chunk = 16 << 10

    init(_ socket: StreamSocket) { self.socket = socket }

    /// Whether something came after the last line.
    var hasMore: Bool { start < buffer.count }

    enum Failure: Error, Equatable {
        /// No newline within the limit.
        case tooLong
        case socket(SocketFailure)
    }

    /// The next line without its newline; nil at the end, where an unfinished line is dropped.
    func line(atMost maximum: Int, until deadline: ContinuousClock.Instant? = nil) async throws(Failure) -> [UInt8]? {
        var searched = start
        while true {
            if let newline = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[start..<newline])
                start = newline + 1
                if line.count > maximum { throw .tooLong }
                return line
            }
            buffer.removeSubrange(..<start)
            start = 0
            searched = buffer.count
            if buffer.count > maximum { throw .tooLong }
            let bytes: [UInt8]
            do throws(SocketFailure) {
                bytes = try await socket.read(atMost: Self.chunk, until: deadline)
            } catch {
                throw .socket(error)
            }
            if bytes.isEmpty { return nil }
            buffer += bytes
        }
    }
}
