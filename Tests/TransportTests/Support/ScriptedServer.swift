import Foundation
import Synchronization

/// A TCP server on a loopback port that does to each connection what the script says, good or bad. Threads and blocking calls only.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: CInt
    private let accepted = Mutex(0)

    var connectionCount: Int { accepted.withLock { $0 } }

    init(_ script: @escaping @Sendable (Peer) -> Void) throws {
        let listener = try listeningSocket(backlog: 256)
        self.listener = listener
        port = try localPort(listener)
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                accepted.withLock { $0 += 1 }
                let peer = Peer(descriptor)
                Thread.detachNewThread {
                    script(peer)
                    peer.close()
                }
            }
        }
    }

    /// Ends the accepting thread, which holds the server.
    func stop() {
        shutdown(listener, CInt(SHUT_RDWR))
        close(listener)
    }

    /// Runs `body` with a server that gives every request on every connection the same answer.
    static func answering(_ answer: String) throws -> ScriptedServer {
        try ScriptedServer { peer in
            while peer.readRequest() != nil { peer.send(answer) }
        }
    }
}

/// The server's end of one connection.
final class Peer: Sendable {
    let descriptor: CInt

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// The request up to and including its empty line and, if it announces one, its body; nil at the end of the connection.
    func readRequest() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        let head = String(decoding: bytes, as: UTF8.self)
        let announced = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length: ") }
        var missing = announced.flatMap { Int($0.dropFirst(16)) } ?? 0
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while missing > 0 {
            let count = recv(descriptor, &piece, min(missing, piece.count), 0)
            guard count > 0 else { return nil }
            bytes += piece[..<count]
            missing -= count
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// False if the other end is gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Returns when the other end has closed or reset the connection.
    func waitForEnd() {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    /// Makes the close that follows a reset.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    fileprivate func close() {
        Foundation.close(descriptor)
    }
}

struct SocketFailure: Error {
    let call: String
    let code = errno
}

func listeningSocket(backlog: CInt) throws -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = loopbackAddress(port: 0)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withSockaddr(&address) { bind(descriptor, $0, size) }
    guard bound == 0, listen(descriptor, backlog) == 0 else { throw SocketFailure(call: "bind or listen") }
    return descriptor
}

func connectedSocket(port: UInt16, blocking: Bool = true) throws -> CInt {
    let kind = CInt(SOCK_STREAM.rawValue) | (blocking ? 0 : CInt(SOCK_NONBLOCK.rawValue))
    let descriptor = socket(AF_INET, kind, 0)
    var address = loopbackAddress(port: port)
    let result = withSockaddr(&address) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    guard result == 0 || !blocking else { throw SocketFailure(call: "connect") }
    return descriptor
}

func localPort(_ descriptor: CInt) throws -> UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard withSockaddr(&address, { getsockname(descriptor, $0, &size) }) == 0 else {
        throw SocketFailure(call: "getsockname")
    }
    return UInt16(bigEndian: address.sin_port)
}

private func loopbackAddress(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

private func withSockaddr<Result>(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result)
    -> Result
{
    withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
}
