/// How long a request may take and how much may come back. Every limit ends the request with an error that names it.
package struct HTTPLimits: Sendable, Hashable {
    /// Name lookup, TCP, proxy and TLS together.
    package var connectTimeout: Duration = .seconds(10)
    /// From the moment a connection slot is free to the last byte; waiting for the slot is not counted.
    package var totalTimeout: Duration = .seconds(60)
    /// Slower than this for ``lowSpeedDuration`` (rounded up to seconds) is a stalled peer. Silence before the first byte counts too.
    package var lowSpeedBytesPerSecond = 100
    package var lowSpeedDuration: Duration = .seconds(30)
    /// The body as it was sent. A page of 1,000 records is about 1 MB.
    package var maxWireBytes = 32 << 20
    /// The body after decompression, so that a small answer cannot fill the memory.
    package var maxBodyBytes = 64 << 20
    /// What a body beyond these limits means.
    package var excess = Excess.refused
    /// All header lines of a response, and of informational ones before it.
    package var maxHeaderBytes = 64 << 10
    package var maxHeaderCount = 200

    package enum Excess: Sendable, Hashable {
        /// An error: half an answer is none.
        case refused
        /// The rest is not read and the connection closed: for answers whose status says it all. A body that cannot be
        /// decoded is then empty.
        case dropped
    }

    package init() {}
}
