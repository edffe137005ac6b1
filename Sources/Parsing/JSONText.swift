import CSimdjson

/// JSON as text: on one line, and without blanks.
package enum JSONText {
    /// Appends valid JSON so that it is on one line: as it stands, or, if there are line breaks in it, without the
    /// white space between its tokens.
    package static func appendOneLine(_ json: Span<UInt8>, to bytes: inout [UInt8]) {
        let isOneLine = firstIndex(of: 10, in: json) == nil && firstIndex(of: 13, in: json) == nil
        if isOneLine {
            json.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        } else {
            bytes.append(contentsOf: compact(json))
        }
    }

    /// Valid JSON without the white space between its tokens.
    package static func compact(_ json: Span<UInt8>) -> [UInt8] {
        guard !json.isEmpty else { return [] }
        let compacted = [UInt8](unsafeUninitializedCapacity: json.count) { output, count in
            json.withUnsafeBufferPointer { input in
                count = max(0, csimdjson_minify(input.baseAddress, input.count, output.baseAddress))
            }
        }
        guard compacted.isEmpty else { return compacted }
        // Only a string without an end cannot be compacted, which valid JSON has not. Even so, a line stays a line.
        return json.withUnsafeBufferPointer { $0.filter { $0 != 10 && $0 != 13 } }
    }

    /// Whether strings in the JSON may have escapes. If not, their contents are what they stand for.
    package static func hasBackslash(_ json: Span<UInt8>) -> Bool {
        firstIndex(of: JSONString.backslash, in: json) != nil
    }

    static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int = 0) -> Int? {
        let index = bytes.withUnsafeBufferPointer { csimdjson_find($0.baseAddress, $0.count, start, byte) }
        return index < 0 ? nil : index
    }
}
