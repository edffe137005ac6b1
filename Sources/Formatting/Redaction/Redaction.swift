/// What is taken out of records on their way to a sink.
///
/// It is sought in `message`, `changes`, an alert's fields, and the string and number values of `raw`. SIDs, ids, dates,
/// types and the names of keys stay. What is found is replaced by `[redacted:KIND]`, and counted in the envelope's mark
/// `redacted`.
package struct Redaction: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// E.164 numbers (`+15550100451`, `%2B1555…`), North American ones as they are usually written, and bare digits
    /// where a key says that they are a number to call.
    package static let phone = Redaction(rawValue: 1)
    package static let email = Redaction(rawValue: 2)
    /// Passwords, tokens and keys: what a key's name says to be one, bearer tokens, JSON web tokens, credentials in URLs,
    /// what follows a SID and a colon, private keys.
    package static let secret = Redaction(rawValue: 4)
    /// Payment card numbers: 13 to 19 digits that begin as cards do and have their check digit (ISO/IEC 7812-1).
    package static let card = Redaction(rawValue: 8)
}

/// One kind of what is redacted.
enum RedactionKind: Int, CaseIterable {
    case phone, email, secret, card

    var option: Redaction {
        switch self {
        case .phone: .phone
        case .email: .email
        case .secret: .secret
        case .card: .card
        }
    }

    var mark: StaticString {
        switch self {
        case .phone: "[redacted:phone]"
        case .email: "[redacted:email]"
        case .secret: "[redacted:secret]"
        case .card: "[redacted:card]"
        }
    }

    /// The key in the envelope's mark, with quotes and colon.
    var key: StaticString {
        switch self {
        case .phone: #""phone":"#
        case .email: #""email":"#
        case .secret: #""secret":"#
        case .card: #""card":"#
        }
    }
}
