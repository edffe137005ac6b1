/// What the name of a key says about its value, whatever its spelling: `auth_token`, `AuthToken`, `X-Auth-Token`.
enum SensitiveKey {
    case secret
    /// A secret in many places, and in others a word: it must look like one.
    case token
    case phone

    /// - Parameter name: UTF-8 without escapes.
    init?(_ name: Text) {
        guard name.count <= 64, let kind = Self.kind(of: name) else { return nil }
        self = kind
    }

    private static func kind(of name: Text) -> SensitiveKey? {
        // Letters and digits only, in lower case.
        var letters = InlineArray<64, UInt8>(repeating: 0)
        var count = 0
        for byte in name {
            guard let letter = byte.lowercasedAlphanumeric else { continue }
            letters[count] = letter
            count += 1
        }
        return letters.span.withUnsafeBufferPointer { kind(normalised: $0.extracting(0..<count)) }
    }

    private static func kind(normalised name: Text) -> SensitiveKey? {
        if secretEndings.contains(where: { name.hasSuffix($0) }) || name.equals("pwd") { return .secret }
        if name.equals("token") || name.equals("jwt") { return .token }
        let isPhone = phoneParts.contains { name.contains($0) } || phoneNames.contains { name.equals($0) }
        return isPhone ? .phone : nil
    }

    private static let secretEndings: [StaticString] = [
        "password", "passwd", "passphrase", "secret", "authtoken", "accesstoken", "refreshtoken", "sessiontoken",
        "idtoken", "apitoken", "bearertoken", "privatekey", "secretkey", "accesskey", "apikey", "authorization",
    ]
    private static let phoneParts: [StaticString] = ["phone", "msisdn", "mobile"]
    private static let phoneNames: [StaticString] = [
        "to", "from", "called", "caller", "callerid", "number", "recipient", "sender",
    ]
}

extension UInt8 {
    var isDigit: Bool { 48...57 ~= self }

    var isHexDigit: Bool { isDigit || 97...102 ~= self || 65...70 ~= self }

    var isAlphanumeric: Bool { lowercasedAlphanumeric != nil }

    /// The letter in lower case, or the digit; nil for anything but ASCII letters and digits.
    var lowercasedAlphanumeric: UInt8? {
        switch self {
        case 48...57, 97...122: self
        case 65...90: self | 0x20
        default: nil
        }
    }

    var isBlank: Bool { self == 32 || 9...13 ~= self }
}
