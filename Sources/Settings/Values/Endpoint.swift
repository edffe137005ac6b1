#if canImport(Glibc)
    import Glibc
#endif

/// A host and a port: `siem.example.com:6514`, `192.0.2.1:514`, `[2001:db8::1]:514`.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// nil if the text is not a host and a port. Without `defaultPort` the port must be written.
    init?(_ text: String, defaultPort: Int? = nil) {
        var name = Substring(text)
        var port: Substring?
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return nil }
            let rest = name[name.index(after: end)...]
            if rest.hasPrefix(":") { port = rest.dropFirst() } else if !rest.isEmpty { return nil }
            name = name[..<end].dropFirst()
            guard Self.isIPv6(String(name)) else { return nil }
        } else {
            if let colon = name.lastIndex(of: ":") {
                port = name[name.index(after: colon)...]
                name = name[..<colon]
            }
            guard Self.isHostName(name) else { return nil }
        }
        self.host = name.lowercased()
        if let port {
            guard !port.isEmpty, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
                (1...65_535).contains(number)
            else { return nil }
            self.port = number
        } else if let defaultPort {
            self.port = defaultPort
        } else {
            return nil
        }
    }

    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether it is no name that has to be looked up; `localhost` is 127.0.0.1.
    var isAddress: Bool {
        var address = in_addr()
        return host == "localhost" || Self.isIPv6(host) || inet_pton(AF_INET, host, &address) == 1
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// RFC 1123 labels, underscores allowed as people use them in internal zones; also IPv4 addresses.
    private static func isHostName(_ name: Substring) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return text.contains(":") && inet_pton(AF_INET6, text, &address) == 1
    }
}
