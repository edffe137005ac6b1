/// How messages are told apart in a stream (RFC 6587, section 3.4).
package enum SyslogFraming: String, Sendable, Hashable, CaseIterable {
    /// The message's length in digits and a space, then the message (3.4.1; the only one of RFC 5425).
    case octetCounting
    /// The message, then a line feed (3.4.2). Messages hold no line feed: JSON escapes them.
    case newline

    func append(_ message: [UInt8], to stream: inout [UInt8]) {
        switch self {
        case .octetCounting:
            stream.appendDecimal(message.count)
            stream.append(UInt8(ascii: " "))
            stream.append(contentsOf: message)
        case .newline:
            stream.append(contentsOf: message)
            stream.append(UInt8(ascii: "\n"))
        }
    }
}

extension [UInt8] {
    /// Appends `number`, which is not negative, in digits.
    mutating func appendDecimal(_ number: Int) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            digits[start] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        } while rest > 0
        digits.span.extracting(start..<digits.count).withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
