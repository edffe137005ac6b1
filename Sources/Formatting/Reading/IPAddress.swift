import Glibc

/// Which kind of address a text is, if any: fields of type IP refuse everything else, and a record with it.
enum IPAddress {
    case v4, v6

    /// The longest without a zone, and without IPv4 at the end of IPv6.
    private static let longest = 39

    init?(_ text: Text) {
        guard text.count <= Self.longest, !text.contains(0) else { return nil }
        var bytes = InlineArray<40, UInt8>(repeating: 0)
        for (index, byte) in text.enumerated() { bytes[index] = byte }
        var address = in6_addr()
        let isV4 = bytes.span.withUnsafeBytes { inet_pton(AF_INET, $0.baseAddress, &address) == 1 }
        if isV4 {
            self = .v4
            return
        }
        let isV6 = bytes.span.withUnsafeBytes { inet_pton(AF_INET6, $0.baseAddress, &address) == 1 }
        guard isV6 else { return nil }
        self = .v6
    }
}
