import CSimdjson

/// JSON as text: on one line, and without blanks.
package enum JSONText {
    /// Appends valid JSON so that it is on one line: as it stands, or, if there are line breaks in it, without the
    /// white space between its tokens.
    package static func appendOneLine(_ json: Span<UInt8>, to bytes: inout [UInt8]) {
        if contains(10, in: json) || contains(13, in: json) {
            bytes.append(contentsOf: compact(json))
        } else {
            json.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
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
        contains(JSONString.backslash, in: json)
    }

    private static func contains(_ byte: UInt8, in json: Span<UInt8>) -> Bool {
        json.withUnsafeBufferPointer { csimdjson_contains($0.baseAddress, $0.count, byte) != 0 }
    }
}
