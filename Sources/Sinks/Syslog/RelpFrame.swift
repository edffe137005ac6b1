/// What a RELP server sends: a frame (https://github.com/rsyslog/librelp/blob/master/doc/relp.md, "RELP FRAME").
struct RelpFrame: Equatable {
    /// 0 of hints, which nobody answers.
    let transaction: Int
    let command: String
    let data: [UInt8]
}

/// Cuts what comes into frames.
struct RelpFrameReader {
    struct Malformed: Error {}

    /// Servers only send answers, of which the longest, that to `open`, has some hundred bytes.
    private static let longestData = 64 << 10
    /// Two numbers of 9 digits, a command of 32 letters, two spaces.
    private static let longestHeader = 52

    private var bytes: [UInt8] = []
    private var start = 0

    mutating func append(_ piece: RawSpan) {
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        }
        piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// The next frame; nil until all of it is there. After an error there are no frames any more.
    mutating func next() throws(Malformed) -> RelpFrame? {
        var position = start
        guard let transaction = try number(at: &position) else { return nil }
        position += 1
        let commandStart = position
        while position < bytes.count, bytes[position].isLetter { position += 1 }
        let command = commandStart..<position
        guard command.count <= 32 else { throw Malformed() }
        guard position < bytes.count else { return nil }
        guard !command.isEmpty, bytes[position] == UInt8(ascii: " ") else { throw Malformed() }
        position += 1
        guard let length = try number(at: &position) else { return nil }
        guard length <= Self.longestData else { throw Malformed() }
        var data = position..<position
        // Without data the space before it is left out, by some.
        if length > 0 || bytes[position] == UInt8(ascii: " ") {
            guard bytes[position] == UInt8(ascii: " ") else { throw Malformed() }
            data = position + 1..<position + 1 + length
        }
        guard data.upperBound < bytes.count else { return nil }
        guard bytes[data.upperBound] == UInt8(ascii: "\n") else { throw Malformed() }
        start = data.upperBound + 1
        return RelpFrame(
            transaction: transaction, command: String(decoding: bytes[command], as: UTF8.self), data: Array(bytes[data])
        )
    }

    /// A number of at most 9 digits and the place after it; nil if its end has not come yet.
    private func number(at position: inout Int) throws(Malformed) -> Int? {
        let first = position
        var value = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]), position - first < 9 {
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        guard position < bytes.count else { return nil }
        let end = bytes[position]
        guard position > first, end == UInt8(ascii: " ") || end == UInt8(ascii: "\n") else { throw Malformed() }
        return value
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}

/// The data of an `rsp` frame.
struct RelpResponse: Equatable {
    /// 200, or what the server has against it.
    let code: Int
    private let line: [UInt8]
    /// What follows the first line.
    let data: [UInt8]

    /// Nil if there is no code.
    init?(_ bytes: [UInt8]) {
        let digits = bytes.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        code = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        line = Array(bytes.dropFirst(3).prefix { $0 != UInt8(ascii: "\n") })
        data = Array(bytes.dropFirst(3 + line.count + 1))
    }

    /// The server's words: printable, at most 128 characters.
    var text: String {
        String(
            String(decoding: line, as: UTF8.self).unicodeScalars.drop { $0 == " " }.prefix(128)
                .map { $0.value < 0x20 || $0.value > 0x7E ? "?" : Character($0) })
    }
}
