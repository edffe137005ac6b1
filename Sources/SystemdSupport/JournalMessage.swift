import CSystemd

/// One entry for the journal, its values any bytes, in the order in which they are sent (systemd.journal-fields(7)).
package struct JournalMessage: Sendable {
    /// Where journald listens for entries in its own protocol.
    package static let socket = "/run/systemd/journal/socket"

    private var bytes: [UInt8] = []
    private var lengths: [Int] = []

    package init() {}

    /// - Parameter name: of capital letters, digits and underscores, at most 64, not beginning with an underscore; an
    ///   entry with any other is refused, or the field left out.
    package mutating func add(_ name: String, _ value: some Sequence<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes.append(contentsOf: value)
        lengths.append(bytes.count - start)
    }

    /// Hands the entry to journald, whatever its length: what is too long for a datagram goes as a file in memory. Waits
    /// while journald has no room. Where journald is not running, libsystemd drops it and says nothing: check for its
    /// socket before.
    ///
    /// - Returns: 0, or the error's number.
    package func send() -> CInt {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { buffer in
            var offset = 0
            let vectors = lengths.map { length in
                defer { offset += length }
                return iovec(iov_base: buffer.baseAddress.map { $0 + offset }, iov_len: length)
            }
            return -sd_journal_sendv(vectors, CInt(vectors.count))
        }
    }

    /// The entry's fields as `NAME=value`.
    package var fields: [[UInt8]] {
        var offset = 0
        return lengths.map { length in
            defer { offset += length }
            return Array(bytes[offset..<offset + length])
        }
    }
}
