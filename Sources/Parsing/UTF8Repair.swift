/// Bytes in which everything that was not UTF-8 is replaced by U+FFFD, and where that is.
///
/// Each maximal subpart of an ill-formed sequence becomes one U+FFFD, as the Unicode Standard recommends (chapter 3.9,
/// table 3-8) and as `String(decoding:as:)` does.
struct UTF8Repair {
    private(set) var bytes: [UInt8] = []
    /// Offsets in `bytes` where runs of characters that were put in begin, ascending; at most `maximumRuns`.
    private(set) var replacements: [Int] = []
    /// From here on there are more runs than are kept, so that hostile bytes do not cost many times their size.
    private(set) var everywhereFrom = Int.max

    static let maximumRuns = 65_536

    init(_ broken: [UInt8]) {
        bytes.reserveCapacity(broken.count + broken.count / 8)
        var parser = Unicode.UTF8.ForwardParser()
        var input = broken.makeIterator()
        var endOfRun = -1
        while true {
            switch parser.parseScalar(from: &input) {
            case .valid(let encoded): bytes.append(contentsOf: encoded)
            case .error:
                if bytes.count != endOfRun {
                    if replacements.count < Self.maximumRuns {
                        replacements.append(bytes.count)
                    } else {
                        everywhereFrom = min(everywhereFrom, bytes.count)
                    }
                }
                bytes.append(contentsOf: Unicode.UTF8.encodedReplacementCharacter)
                endOfRun = bytes.count
            case .emptyInput: return
            }
        }
    }
}
