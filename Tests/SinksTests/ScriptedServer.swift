import Foundation
import PipelineCore
import Synchronization
import Transport

@testable import Sinks

/// A TCP server of which the test plays each connection by hand, on a thread of its own.
final class ScriptedServer: Sendable {
    let port: Int
    private let descriptor: CInt
    private let connections = Mutex(Connections())

    private struct Connections {
        var accepted = 0
        var open: Set<CInt> = []
    }

    /// - Parameters:
    ///   - port: one that was used before, to come back; 0: any that is free.
    ///   - receiveBuffer: of the kernel, inherited by connections; a small one makes that a slow reader is felt soon.
    ///   - script: gets each connection and its number, from 1; the connection is closed when it returns.
    init(
        port: Int = 0, receiveBuffer: CInt? = 16 << 10,
        _ script: @escaping @Sendable (ServerConnection, Int) -> Void
    ) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                var yes: CInt = 1
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
                if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
                return bind(descriptor, $0, length) | listen(descriptor, 64) | getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRNOTAVAIL) }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        self.descriptor = descriptor
        Thread.detachNewThread { [self] in
            while true {
                let accepted = accept(descriptor, nil, nil)
                guard accepted >= 0 else { return }
                let number = connections.withLock {
                    $0.accepted += 1
                    $0.open.insert(accepted)
                    return $0.accepted
                }
                Thread.detachNewThread { [self] in
                    let connection = ServerConnection(accepted) { descriptor in
                        self.connections.withLock {
                            $0.open.remove(descriptor)
                            Glibc.close(descriptor)
                        }
                    }
                    script(connection, number)
                    connection.close()
                }
            }
        }
    }

    var accepted: Int { connections.withLock(\.accepted) }
    var host: ByteStream.Host { ByteStream.Host(name: "127.0.0.1", port: port) }

    /// Takes no connections any more.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// Ends those that there are; what waits for them to say something wakes up.
    func breakConnections() {
        connections.withLock { for descriptor in $0.open { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }
}

/// The server's end of a connection; its calls block.
final class ServerConnection {
    /// How long it takes over each 4 KiB that it reads.
    var pause: Duration?
    private var descriptor: CInt
    private let release: (CInt) -> Void
    private var buffered: [UInt8] = []
    private var place = 0

    init(_ descriptor: CInt, release: @escaping (CInt) -> Void) {
        self.descriptor = descriptor
        self.release = release
    }

    /// Empty at the end.
    func read(atMost count: Int = 65536) -> [UInt8] {
        if place == buffered.count {
            if let pause { usleep(UInt32(pause / .microseconds(1))) }
            buffered = [UInt8](repeating: 0, count: pause == nil ? 65536 : 4096)
            place = 0
            buffered.removeLast(buffered.count - max(0, recv(descriptor, &buffered, buffered.count, 0)))
        }
        let piece = Array(buffered[place..<min(place + count, buffered.count)])
        place += piece.count
        return piece
    }

    /// Whether anything more comes within that time.
    func hasMore(within limit: Duration) -> Bool {
        if place < buffered.count { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(limit.wholeMilliseconds)) > 0
    }

    func readAll() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = read()
            if piece.isEmpty { return all }
            all += piece
        }
    }

    /// Up to and without `end`; nil at the end of the stream.
    func line(upTo end: Unicode.Scalar = "\n") -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            guard let byte = read(atMost: 1).first else { return nil }
            if byte == UInt8(ascii: end) { return line }
            line.append(byte)
        }
    }

    func exactly(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = read(atMost: count - bytes.count)
            if piece.isEmpty { return nil }
            bytes += piece
        }
        return bytes
    }

    /// One octet-counted message.
    func counted() -> String? {
        guard let digits = line(upTo: " "), let count = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        return exactly(count).map { String(decoding: $0, as: UTF8.self) }
    }

    func write(_ text: String) {
        _ = write(Array(text.utf8))
    }

    /// Whether all of it could be sent.
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// Says that nothing more is to come, and goes on reading.
    func closeHalf() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Ends the connection with RST.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    func close() {
        if descriptor >= 0 { release(descriptor) }
        descriptor = -1
    }
}
