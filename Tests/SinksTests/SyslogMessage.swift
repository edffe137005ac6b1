/// A strict reader of RFC 5424, section 6, written from its grammar and not from the encoder.
struct SyslogMessage: Equatable {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    struct Element: Equatable {
        var id: String
        var parameters: [[String]]
    }

    var priority: Int
    var timestamp: String
    var hostname: String
    var appName: String
    var processID: String
    var messageID: String
    var elements: [Element]
    var hasByteOrderMark: Bool
    var message: String

    var facility: Int { priority / 8 }
    var severity: Int { priority % 8 }

    func parameter(_ name: String) -> String? { elements.first?.parameters.first { $0[0] == name }?[1] }

    init(_ bytes: [UInt8]) throws {
        var reader = Reader(bytes: bytes)
        try reader.expect("<")
        let digits = try reader.upTo(">", atMost: 3)
        guard let priority = Int(digits), (0...191).contains(priority), digits == "\(priority)" else {
            throw Malformed(description: "PRI \(digits)")
        }
        self.priority = priority
        try reader.expect(">1 ")
        timestamp = try reader.upTo(" ", atMost: 32)
        let form =
            #/\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)/#
        guard timestamp == "-" || timestamp.wholeMatch(of: form) != nil else {
            throw Malformed(description: "TIMESTAMP \(timestamp)")
        }
        try reader.expect(" ")
        hostname = try reader.printable(atMost: 255)
        appName = try reader.printable(atMost: 48)
        processID = try reader.printable(atMost: 128)
        messageID = try reader.printable(atMost: 32)
        elements = []
        if reader.next == UInt8(ascii: "-") {
            try reader.expect("-")
        } else {
            repeat { elements.append(try reader.element()) } while reader.next == UInt8(ascii: "[")
        }
        guard reader.next != nil else {
            (hasByteOrderMark, message) = (false, "")
            return
        }
        try reader.expect(" ")
        var rest = bytes[reader.position...]
        hasByteOrderMark = rest.starts(with: [0xEF, 0xBB, 0xBF])
        if hasByteOrderMark { rest = rest.dropFirst(3) }
        guard let text = String(validating: rest, as: UTF8.self) else {
            throw Malformed(description: "MSG is not UTF-8")
        }
        message = text
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func expect(_ text: String) throws {
            for byte in text.utf8 {
                guard next == byte else { throw Malformed(description: "\(text) at byte \(position)") }
                position += 1
            }
        }

        mutating func upTo(_ end: Character, atMost limit: Int) throws -> String {
            let start = position
            while let byte = next, byte != end.asciiValue { position += 1 }
            guard position > start, position - start <= limit, next != nil else {
                throw Malformed(description: "\(position - start) bytes before \(end) at byte \(start)")
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        mutating func printable(atMost limit: Int) throws -> String {
            let text = try upTo(" ", atMost: limit)
            guard text.utf8.allSatisfy({ (33...126).contains($0) }) else {
                throw Malformed(description: "field \(text)")
            }
            position += 1
            return text
        }

        mutating func name() throws -> String {
            let start = position
            while let byte = next, (33...126).contains(byte), !"=]\"".utf8.contains(byte) { position += 1 }
            guard (1...32).contains(position - start) else { throw Malformed(description: "SD-NAME at byte \(start)") }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        mutating func element() throws -> Element {
            try expect("[")
            var element = Element(id: try name(), parameters: [])
            while next == UInt8(ascii: " ") {
                position += 1
                let parameter = try name()
                try expect("=\"")
                var value: [UInt8] = []
                while let byte = next, byte != UInt8(ascii: "\"") {
                    guard byte != UInt8(ascii: "]") else { throw Malformed(description: "] unescaped in \(parameter)") }
                    position += 1
                    guard byte == UInt8(ascii: "\\") else {
                        value.append(byte)
                        continue
                    }
                    guard let escaped = next else { throw Malformed(description: "\\ at the end") }
                    // A backslash before anything else stands for itself.
                    if !"\"\\]".utf8.contains(escaped) { value.append(byte) }
                    value.append(escaped)
                    position += 1
                }
                try expect("\"")
                guard let text = String(validating: value, as: UTF8.self) else {
                    throw Malformed(description: "\(parameter) is not UTF-8")
                }
                element.parameters.append([parameter, text])
            }
            try expect("]")
            return element
        }
    }
}
