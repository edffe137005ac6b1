// Contents of a JSON string, the bytes between its quotes, carried from one piece of JSON into another without being
// unescaped and escaped again.

extension JSONString {
    /// Whether there is a half of a surrogate pair (`\ud83d` alone), which stands for no character and makes strict
    /// readers refuse the whole text.
    package static func hasHalfPair(_ contents: Span<UInt8>) -> Bool {
        var position = 0
        while let escape = JSONText.firstIndex(of: backslash, in: contents, from: position) {
            let end = end(ofUnitAt: escape, in: contents)
            if isHalfPair(escape..<end, in: contents) { return true }
            position = end
        }
        return false
    }

    /// The contents with `\ufffd` for each half of a surrogate pair.
    package static func withoutHalfPairs(_ contents: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(contents.count)
        var copied = 0
        var position = 0
        while let escape = JSONText.firstIndex(of: backslash, in: contents, from: position) {
            let end = end(ofUnitAt: escape, in: contents)
            if isHalfPair(escape..<end, in: contents) {
                append(contents.extracting(copied..<escape), to: &bytes)
                bytes.append(contentsOf: "\\ufffd".utf8)
                copied = end
            }
            position = end
        }
        append(contents.extracting(copied..<contents.count), to: &bytes)
        return bytes
    }

    private static func append(_ span: Span<UInt8>, to bytes: inout [UInt8]) {
        span.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// How many bytes of contents, at most `limit`, can stand alone: the cut is between two characters.
    package static func prefixLength(of contents: Span<UInt8>, limit: Int) -> Int {
        guard contents.count > limit else { return contents.count }
        var position = 0
        while true {
            let next = end(ofUnitAt: position, in: contents)
            if next > limit { return position }
            position = next
        }
    }

    /// Where the character or escape sequence ends that begins at `start`; a surrogate pair is one.
    private static func end(ofUnitAt start: Int, in contents: Span<UInt8>) -> Int {
        let length =
            switch contents[start] {
            case backslash:
                if let lead = codeUnit(at: start, in: contents) {
                    isPair(lead, codeUnit(at: start + 6, in: contents)) ? 12 : 6
                } else {
                    2
                }
            case 0xF0...: 4
            case 0xE0...: 3
            case 0xC0...: 2
            default: 1
            }
        return min(start + length, contents.count)
    }

    private static func isPair(_ lead: UInt16, _ trail: UInt16?) -> Bool {
        guard let trail else { return false }
        return UTF16.isLeadSurrogate(lead) && UTF16.isTrailSurrogate(trail)
    }

    private static func isHalfPair(_ unit: Range<Int>, in contents: Span<UInt8>) -> Bool {
        guard unit.count == 6, let codeUnit = codeUnit(at: unit.lowerBound, in: contents) else { return false }
        return UTF16.isSurrogate(codeUnit)
    }

    /// The number in `\uXXXX`; nil if that is not what stands there.
    static func codeUnit(at start: Int, in contents: Span<UInt8>) -> UInt16? {
        guard start + 6 <= contents.count, contents[start] == backslash, contents[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var value: UInt16 = 0
        for index in start + 2..<start + 6 {
            switch contents[index] {
            case let digit where 48...57 ~= digit: value = value << 4 | UInt16(digit - 48)
            case let digit where 65...70 ~= digit: value = value << 4 | UInt16(digit - 55)
            case let digit where 97...102 ~= digit: value = value << 4 | UInt16(digit - 87)
            default: return nil
            }
        }
        return value
    }
}
