/// An http or https URL that was checked once and is sent byte for byte.
///
/// - At most ``maxBytes`` of the characters that RFC 3986 allows in a URL: no spaces, control or non-ASCII characters.
/// - No user or password, no fragment, and no `.` or `..` segment, plain or encoded: a comparison of paths means what it says.
package struct HTTPURL: Hashable, Sendable {
    /// Servers commonly refuse request lines beyond 8 KiB.
    package static let maxBytes = 8 << 10

    package let origin: Origin
    /// Begins with "/".
    package let path: String
    /// Without the "?".
    package let query: String?

    package init(_ text: String) throws(HTTPURLError) {
        guard text.utf8.count <= Self.maxBytes else { throw .tooLong(bytes: text.utf8.count) }
        guard text.utf8.allSatisfy(isAllowedInURL) else { throw .forbiddenCharacter }
        // Bytes from here on: all of them are ASCII, and looking for characters takes many times as long.
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].utf8.starts(with: "://".utf8),
            let scheme = Origin.Scheme(rawValue: text[..<colon].lowercased())
        else { throw .notHTTP }
        let rest = text[text.utf8.index(colon, offsetBy: 3)...]
        let authorityEnd = rest.utf8.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        origin = try Origin(scheme: scheme, authority: rest[..<authorityEnd])
        (path, query) = try splitTarget(rest[authorityEnd...])
    }

    private init(origin: Origin, path: String, query: String?) throws(HTTPURLError) {
        try self.init("\(origin)\(path)" + (query.map { "?\($0)" } ?? ""))
    }

    /// The URL that `reference` means on this page (RFC 3986, 5.2), which may be elsewhere: compare origins before sending a secret.
    package func resolving(_ reference: String) throws(HTTPURLError) -> HTTPURL {
        if reference.hasPrefix("//") { return try HTTPURL("\(origin.scheme.rawValue):\(reference)") }
        if reference.hasPrefix("/") { return try HTTPURL("\(origin)\(reference)") }
        if reference.hasPrefix("?") { return try HTTPURL("\(origin)\(path)\(reference)") }
        if reference.isEmpty { return self }
        if hasScheme(reference) { return try HTTPURL(reference) }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return try HTTPURL("\(origin)\(folder)\(reference)")
    }

    /// This URL with `suffix` behind its path, exactly one "/" between them, and without a query.
    package func appending(path suffix: String) throws(HTTPURLError) -> HTTPURL {
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        return try HTTPURL(origin: origin, path: base + (suffix.hasPrefix("/") ? suffix : "/" + suffix), query: nil)
    }

    /// This URL with these items, percent-encoded, as its whole query.
    package func withQuery(_ items: [(name: String, value: String)]) throws(HTTPURLError) -> HTTPURL {
        let text = items.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&")
        return try HTTPURL(origin: origin, path: path, query: text.isEmpty ? nil : text)
    }

    /// The same place by another name of the host.
    func withHost(_ host: String) throws(HTTPURLError) -> HTTPURL {
        let name = host.contains(":") ? "[\(host)]" : host
        return try HTTPURL(
            "\(origin.scheme.rawValue)://\(name):\(origin.port)\(path)" + (query.map { "?\($0)" } ?? ""))
    }

    /// The same path and query at another origin.
    package func withOrigin(_ origin: Origin) throws(HTTPURLError) -> HTTPURL {
        try HTTPURL(origin: origin, path: path, query: query)
    }
}

extension HTTPURL: CustomStringConvertible {
    package var description: String { "\(origin)\(path)" + (query.map { "?\($0)" } ?? "") }
}

/// Why a text is not a URL that can be sent. The text itself is left out: it may hold what is secret.
package enum HTTPURLError: Error, Hashable, CustomStringConvertible {
    case tooLong(bytes: Int)
    case forbiddenCharacter
    case notHTTP
    case userInfo
    case badHost
    case badPort
    case fragment
    case dotSegment

    package var description: String {
        switch self {
        case .tooLong(let bytes): "the URL has \(bytes) bytes, more than the limit of \(HTTPURL.maxBytes)"
        case .forbiddenCharacter:
            "the URL has a character that must be percent-encoded (a space, a control or a non-ASCII character)"
        case .notHTTP: "the URL does not begin with https:// or http://"
        case .userInfo: "the URL has a user name or password in it; credentials are given separately"
        case .badHost: "the URL has no valid host name"
        case .badPort: "the URL's port is not a number from 1 to 65535"
        case .fragment: "the URL has a fragment (#), which means nothing to a server"
        case .dotSegment: "the URL's path has a . or .. segment"
        }
    }
}

extension Origin {
    fileprivate init(scheme: Scheme, authority: Substring) throws(HTTPURLError) {
        guard !authority.utf8.contains(UInt8(ascii: "@")) else { throw .userInfo }
        let name: Substring
        let afterName: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw .badHost }
            name = authority[authority.index(after: authority.startIndex)..<end]
            afterName = authority[authority.index(after: end)...]
            guard name.contains(":"),
                name.utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { throw .badHost }
        } else {
            let end = authority.utf8.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            name = authority[..<end]
            afterName = authority[end...]
            guard !name.isEmpty, name.utf8.count <= 253, name.utf8.allSatisfy(isHostCharacter) else { throw .badHost }
        }
        self.scheme = scheme
        host = name.lowercased()
        if afterName.isEmpty || afterName == ":" {
            port = scheme.defaultPort
        } else {
            let digits = afterName.dropFirst()
            guard afterName.hasPrefix(":"), digits.utf8.allSatisfy(isDigit), let number = UInt16(digits), number > 0
            else { throw .badPort }
            port = number
        }
    }
}

private func splitTarget(_ text: Substring) throws(HTTPURLError) -> (path: String, query: String?) {
    guard !text.utf8.contains(UInt8(ascii: "#")) else { throw .fragment }
    let end = text.utf8.firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
    let path = end == text.startIndex ? "/" : String(text[..<end])
    guard !hasDotSegment(path) else { throw .dotSegment }
    return (path, end == text.endIndex ? nil : String(text[text.index(after: end)...]))
}

private func hasDotSegment(_ path: String) -> Bool {
    guard path.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) else { return false }
    let dots: Set<String> = [".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"]
    return path.lowercased().split(separator: "/").contains { dots.contains(String($0)) }
}

private func hasScheme(_ reference: String) -> Bool {
    guard let colon = reference.firstIndex(of: ":") else { return false }
    return !reference[..<colon].contains { "/?".contains($0) }
}

/// Everything but RFC 3986's unreserved characters is encoded.
private func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        if isUnreserved(byte) {
            bytes.append(byte)
        } else {
            bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

private func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte.asciiLowercased
}

private func isUnreserved(_ byte: UInt8) -> Bool {
    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte.asciiLowercased || "-._~".utf8.contains(byte)
}

/// `_` is not a host name's by the letter, but container networks use it.
private func isHostCharacter(_ byte: UInt8) -> Bool { isUnreserved(byte) && byte != UInt8(ascii: "~") }

private func isAllowedInURL(_ byte: UInt8) -> Bool {
    isUnreserved(byte) || ":/?#[]@!$&'()*+,;=%".utf8.contains(byte)
}
