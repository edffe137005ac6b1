import Foundation

/// Sockets on this machine.
enum Loopback {
    /// A socket that listens on a free port.
    static func listen() throws -> (socket: Int32, port: UInt16) {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) | Foundation.listen(socket, 64) | getsockname(socket, pointer, &length)
            }
        }
        guard socket >= 0, code == 0 else { throw BenchError("no socket can be opened on 127.0.0.1") }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// The body of what `http://127.0.0.1:PORT/PATH` answers.
    static func get(_ url: String) throws -> Data {
        let rest = url.dropFirst("http://".count)
        let host = rest.prefix { $0 != "/" }
        guard let port = UInt16(host.split(separator: ":").last ?? "") else { throw BenchError("\(url) has no port") }
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = address(port: port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw BenchError("\(url) does not answer") }
        let request = "GET \(rest.dropFirst(host.count)) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
        _ = request.withCString { send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        var answer = Data()
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &piece, piece.count, 0)
            if count <= 0 { break }
            answer += piece[..<count]
        }
        guard let end = answer.firstRange(of: Data("\r\n\r\n".utf8)) else { throw BenchError("\(url) answers nothing") }
        return answer[end.upperBound...]
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
