/// The first line of an HTTP/1 request, which is all that counts here (RFC 9112, section 3).
struct RequestHead: Equatable {
    let method: String
    /// Without the query.
    let path: String

    /// The request line and all fields.
    static let maximumBytes = 8 << 10

    /// Whether the head's end, an empty line, has come.
    static func isWhole(_ bytes: [UInt8]) -> Bool {
        // RFC 9112, section 2.2: a lone line feed may be taken for the end of a line.
        var feeds = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): feeds += 1
            case UInt8(ascii: "\r"): break
            default: feeds = 0
            }
            if feeds == 2 { return true }
        }
        return false
    }

    /// nil if it is no request of HTTP/1.
    init?(_ bytes: [UInt8]) {
        guard let line = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).first,
            let text = String(validating: line, as: UTF8.self)
        else { return nil }
        let parts = (text.hasSuffix("\r") ? text.dropLast() : text[...])
            .split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[2].hasPrefix("HTTP/1."), parts[2].utf8.count == 8,
            parts[0].utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else { return nil }
        method = String(parts[0])
        var target = parts[1]
        // A server must take the absolute form too.
        if let scheme = target.firstRange(of: "://"), !target.hasPrefix("/") {
            let rest = target[scheme.upperBound...]
            target = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        guard target.hasPrefix("/") else { return nil }
        path = String(target.prefix { $0 != "?" })
    }
}
