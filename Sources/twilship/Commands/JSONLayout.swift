/// JSON for people: every element on a line of its own, every token as it stands.
enum JSONLayout {
    /// Deeper levels are not indented further: what comes from outside may be nested as deep as it likes.
    private static let deepest = 40

    /// What is no JSON comes out in some form, too.
    static func lines(_ json: String) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        let bytes = Array(json.utf8)
        func end() {
            if line.contains(where: { $0 != UInt8(ascii: " ") }) { lines.append(String(decoding: line, as: UTF8.self)) }
            line = Array(repeating: UInt8(ascii: " "), count: 2 * max(0, min(depth, deepest)))
        }
        for (index, byte) in bytes.enumerated() {
            if isInString {
                line.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                line.append(byte)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                line.append(byte)
                depth += 1
                if !isClosed(bytes, after: index) { end() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if let last = line.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") { end() }
                line.append(byte)
            case UInt8(ascii: ","):
                line.append(byte)
                end()
            case UInt8(ascii: ":"): line += Array(": ".utf8)
            case 0x20, 0x09, 0x0A, 0x0D: break
            default: line.append(byte)
            }
        }
        end()
        return lines
    }

    /// Whether nothing stands between a bracket and its end.
    private static func isClosed(_ bytes: [UInt8], after index: Int) -> Bool {
        let next = bytes[(index + 1)...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return next == UInt8(ascii: "}") || next == UInt8(ascii: "]")
    }
}
