/// Bytes in which everything that was not UTF-8 is replaced by U+FFFD, and where that is.
///
/// Each maximal subpart of an ill-formed sequence becomes one U+FFFD, as the Unicode Standard recommends (chapter 3.9,
/// table 3-8) and as `String(decoding:as:)` does.
struct UTF8Repair {
    private(set) var bytes: [UInt8] = []
    /// Offsets in `bytes` of the characters that were put in, ascending.
    private(set) var replacements: [Int] = []

    init(_ broken: [UInt8]) {
        bytes.reserveCapacity(broken.count + broken.count / 8)
        var parser = Unicode.UTF8.ForwardParser()
        var input = broken.makeIterator()
        while true {
            switch parser.parseScalar(from: &input) {
            case .valid(let encoded): bytes.append(contentsOf: encoded)
            case .error:
                replacements.append(bytes.count)
                bytes.append(contentsOf: Unicode.UTF8.encodedReplacementCharacter)
            case .emptyInput: return
            }
        }
    }
}
