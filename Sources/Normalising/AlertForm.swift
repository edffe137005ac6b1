import Parsing

/// The form data that many alerts have in the place of a text:
/// `LogLevel=ERROR&Msg=HTTP+Connection+Failure+-+Read+timed+out&ErrorCode=11205`.
enum AlertForm {
    /// Longer texts are shown as they are: forms have some hundred bytes.
    private static let longest = 65_536
    /// The fields that say in words what happened, the most telling first. Twilio's command line
    /// shows the first two of them.
    private static let messageNames = ["parserMessage", "Msg", "msg"].map { Array($0.utf8) }

    /// What the form says in words, as UTF-8 without escapes; nil if it says nothing or is no form.
    ///
    /// - Parameter contents: of a JSON string, escapes and all.
    static func message(in contents: Text) -> [UInt8]? {
        guard contents.count <= longest, contents.contains(UInt8(ascii: "=")), !contents.contains(32) else {
            return nil
        }
        let pairs = JSONString.unescaped(Array(contents)[...]).split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (name: name, value: pair.dropFirst(name.count + 1))
        }
        // URLs have an "=" and no blank, too.
        guard pairs.allSatisfy({ $0.name.allSatisfy(isNameByte) }) else { return nil }
        for name in messageNames {
            if let value = pairs.first(where: { $0.name.elementsEqual(name) })?.value, !value.isEmpty {
                return decoded(value)
            }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "%"),
            UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// A value of `application/x-www-form-urlencoded` (URL Standard, section 5.1). What is not UTF-8 becomes U+FFFD.
    private static func decoded(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count)
        var rest = value
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(digit),
                let low = rest.dropFirst().first.flatMap(digit)
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 32 : byte)
            }
        }
        return Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
