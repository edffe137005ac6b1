import Glibc

extension StreamSocket {
    /// Clients that connected and are not yet accepted.
    private static let backlog: Int32 = 64

    /// A socket that listens on a TCP port.
    /// - Parameters:
    ///   - address: IPv4 or IPv6, no name: looking one up could take long.
    ///   - port: 0 is any that is free.
    package static func listening(at address: String, port: Int) throws(SystemError) -> StreamSocket {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let place = found?.pointee else {
            throw SystemError(call: "getaddrinfo", code: EINVAL)
        }
        defer { freeaddrinfo(found) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(place.ai_family, kind, 0)
        guard descriptor >= 0 else { throw SystemError(call: "socket", code: errno) }
        let listening = StreamSocket(owning: descriptor)
        // Else a restart would have to wait until the last connections are forgotten.
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, place.ai_addr, place.ai_addrlen) == 0 else {
            throw SystemError(call: "bind", code: errno)
        }
        guard listen(descriptor, backlog) == 0 else { throw SystemError(call: "listen", code: errno) }
        return listening
    }

    /// The port of a TCP socket; 0 if it has none.
    package var port: Int {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard getsockname(descriptor, $0, &size) == 0 else { return 0 }
                // sockaddr_in has its port in the same place.
                return Int(UInt16(bigEndian: UnsafeRawPointer($0).load(fromByteOffset: 2, as: UInt16.self)))
            }
        }
    }
}
