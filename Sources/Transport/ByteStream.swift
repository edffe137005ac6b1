import CCurl
import Glibc

/// A connection to send bytes over, in the clear or with TLS: libcurl looks up, connects and verifies.
///
/// - Used by one thread. Connecting blocks it, for the time allowed at most; sending and receiving never do.
/// - Who has something to send receives first: what the other end said or did meanwhile (a refused client certificate
///   with TLS 1.3, a close) does not show in sending, which succeeds once more.
/// - Peers are verified, with TLS 1.2 at least; no ALPN, no proxy.
package final class ByteStream {
    package struct Host: Sendable, Hashable, CustomStringConvertible {
        /// A name or an address; an IPv6 address without brackets.
        package let name: String
        package let port: Int

        package init(name: String, port: Int) {
            self.name = name
            self.port = port
        }

        package var description: String { name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)" }
    }

    package enum Peer: Sendable, Hashable, CustomStringConvertible {
        case host(Host)
        case socket(path: String)

        package var description: String {
            switch self {
            case .host(let host): host.description
            case .socket(let path): path
            }
        }
    }

    package struct TLS: Sendable, Hashable {
        /// PEM files. Without `caFile` the system's certificates are trusted.
        package var caFile: String?
        package var certificateFile: String?
        package var keyFile: String?
        /// What the certificate must name. Nil: the host that is connected to.
        package var serverName: String?

        package init(
            caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, serverName: String? = nil
        ) {
            self.caFile = caFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.serverName = serverName
        }
    }

    package enum Received: Equatable {
        case bytes(Int)
        case nothingYet
        /// In order; a broken connection throws.
        case closed
    }

    package let peer: Peer
    /// For poll(2) only. With TLS there may be something to receive although it is not readable: receive until nothing comes.
    package let descriptor: CInt
    private let handle: CurlHandle

    /// Connects.
    /// - Parameters:
    ///   - keepsCertificate: whether ``certificate`` is wanted.
    ///   - isWanted: asked about once a second; false gives up with ``TransportError/cancelled``.
    package init(
        to peer: Peer, tls: TLS?, timeout: Duration, keepsCertificate: Bool = false, isWanted: @escaping () -> Bool
    ) throws(TransportError) {
        guard globalInitResult == CURLE_OK, let handle = CurlHandle() else {
            throw .badLocalSetup(.init(peer.description, detail: "libcurl could not be initialised"))
        }
        try handle.connect(to: peer, tls, timeout, keepsCertificate: keepsCertificate, isWanted)
        var descriptor: curl_socket_t = -1
        guard ccurl_easy_getinfo_socket(handle.raw, CURLINFO_ACTIVESOCKET, &descriptor) == CURLE_OK, descriptor >= 0
        else { throw .interrupted(.init(peer.description, detail: "closed at once")) }
        self.peer = peer
        self.handle = handle
        self.descriptor = descriptor
    }

    /// What the other end has shown; nil without TLS, and if it was not to be kept.
    package var certificate: PeerCertificate? { handle.peerCertificate }

    /// Hands bytes to the kernel. What was not taken is to be given again, from the same memory and as much of it: TLS
    /// may have made a record of it already.
    /// - Returns: how many were taken; 0 if there is no room now.
    package func send(_ bytes: RawSpan) throws(TransportError) -> Int {
        var sent = 0
        let code = bytes.withUnsafeBytes { curl_easy_send(handle.raw, $0.baseAddress, $0.count, &sent) }
        if code == CURLE_AGAIN { return 0 }
        guard code == CURLE_OK else { throw broken(code) }
        return sent
    }

    /// Overwrites the start of `buffer`, which is not empty.
    package func receive(into buffer: inout [UInt8]) throws(TransportError) -> Received {
        var received = 0
        let code = buffer.withUnsafeMutableBytes { curl_easy_recv(handle.raw, $0.baseAddress, $0.count, &received) }
        if code == CURLE_AGAIN { return .nothingYet }
        guard code == CURLE_OK else { throw broken(code) }
        return received == 0 ? .closed : .bytes(received)
    }

    /// How many bytes the other end's kernel has not acknowledged yet (SIOCOUTQ, tcp(7)), TLS's own included. 0 also
    /// after a reset: receive to know.
    package var unacknowledgedBytes: Int {
        var count: CInt = 0
        // SIOCOUTQ has the number of TIOCOUTQ.
        guard ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
        return Int(count)
    }

    private func broken(_ code: CURLcode) -> TransportError {
        let said = handle.errorMessage
        handle.errorText[0] = 0
        let detail = said.isEmpty ? String(cString: curl_easy_strerror(code)) : said
        return .interrupted(.init(peer.description, code: .init(code), detail: detail))
    }
}
