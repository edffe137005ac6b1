import Glibc
import PipelineCore
import Transport

/// A socket that sends each message as one datagram, connected so that the kernel tells of refusals. Its calls block, for
/// the time allowed at most.
final class DatagramSocket {
    enum Fault: Error {
        /// EMSGSIZE: not even in fragments.
        case tooLong
        /// EPROTOTYPE: the other end wants a stream.
        case wantsStream
        case failed(String, code: Int32)
    }

    private let descriptor: CInt

    private init(family: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t, timeout: Duration) throws(Fault)
    {
        descriptor = socket(family, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .failed("open a socket for", code: errno) }
        var limit = timeval(tv_sec: max(1, Int(timeout.inSeconds)), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // Room for a long message: a UNIX datagram must fit into it whole. The kernel gives what it may.
        var room: CInt = 1 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<CInt>.size))
        guard connect(descriptor, address, length) == 0 else {
            // All is initialised: `deinit` closes it.
            let code = errno
            throw code == EPROTOTYPE ? .wantsStream : .failed("connect to", code: code)
        }
    }

    deinit {
        close(descriptor)
    }

    func send(_ message: [UInt8]) throws(Fault) {
        while true {
            if Glibc.send(descriptor, message, message.count, CInt(MSG_NOSIGNAL)) >= 0 { return }
            let code = errno
            switch code {
            case EINTR: continue
            case EMSGSIZE: throw .tooLong
            default: throw .failed("send to", code: code)
            }
        }
    }

    /// The refusal of an earlier datagram that came meanwhile (an ICMP message), once.
    func checkRefusal() throws(Fault) {
        var code: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0, code != 0 else { return }
        throw .failed("send to", code: code)
    }
}

extension DatagramSocket {
    /// - Parameter path: at most 107 bytes, which the settings see to; more are an error.
    static func toSocket(path: String, timeout: Duration) throws(Fault) -> DatagramSocket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else { throw .failed("connect to", code: ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        // connect(2) takes a pointer to any of the address types, told apart by the family at their start.
        return try withUnsafePointer(to: address) { (address) throws(Fault) in
            try address.withMemoryRebound(to: sockaddr.self, capacity: 1) { (address) throws(Fault) in
                try DatagramSocket(family: AF_UNIX, address, length, timeout: timeout)
            }
        }
    }

    /// The first address that `host` has and that can be sent to at all.
    static func toHost(_ host: ByteStream.Host, timeout: Duration) throws(Fault) -> DatagramSocket {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.name, String(host.port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            throw .failed("look up (\(String(cString: gai_strerror(code))))", code: code == EAI_SYSTEM ? errno : 0)
        }
        var last = Fault.failed("look up", code: ENOENT)
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr else { continue }
            do throws(Fault) {
                return try DatagramSocket(
                    family: entry.pointee.ai_family, address, entry.pointee.ai_addrlen, timeout: timeout)
            } catch {
                last = error
            }
        }
        throw last
    }
}
