import Glibc

/// What FlyingFox has no words for.
enum SocketOptions {
    /// Sets TCP_NODELAY (tcp(7)); a failure costs speed only.
    static func sendAtOnce(_ file: Int32) {
        var yes: Int32 = 1
        _ = setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Makes the connection from this peer's port end in a reset when it is closed: SO_LINGER of 0 (socket(7)).
    ///
    /// FlyingFox keeps its sockets to itself, so the connection's is looked up among the open files; it cannot close
    /// meanwhile, for its request is being answered.
    static func resetOnClose(peerPort: UInt16) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        for file in 3..<Int32(clamping: min(limit.rlim_cur, 65_536)) {
            guard peer(of: file) == peerPort else { continue }
            var lingering = linger(l_onoff: 1, l_linger: 0)
            _ = setsockopt(file, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
            return
        }
    }

    private static func peer(of file: Int32) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(file, $0, &length) }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return UInt16(bigEndian: address.sin_port)
    }
}
