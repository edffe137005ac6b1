import Parsing
import PipelineCore

/// One envelope being written behind those before it, and the record it is written from.
struct EnvelopeLine {
    /// What an entry of the block needs to know.
    struct Facts {
        /// Where the value of `type` lies in `bytes`.
        let type: Range<Int>
        let severity: Severity
    }

    var bytes: [UInt8]
    /// How many values were cut to `Normaliser.valueLimit`, and how many changes left out.
    var shortenedValues = 0
    var leftOutChanges = 0

    /// The page's bytes.
    let source: Text
    private let fields: UnsafeBufferPointer<Range<Int32>>.SubSequence
    /// Strings can be carried over as they stand: no escape is anywhere in the record.
    private let isPlain: Bool

    /// Takes the bytes over, so that they are never copied; whoever gave them takes them back from `bytes`.
    ///
    /// `source` and `allFields` are the page's, and must be alive as long as this is.
    init(_ record: SourceRecord, source: Text, allFields: UnsafeBufferPointer<Range<Int32>>, bytes: inout [UInt8]) {
        self.bytes = bytes
        bytes = []
        self.source = source
        let count = record.page.fieldsPerRecord
        fields = allFields[record.index * count..<(record.index + 1) * count]
        let raw = record.slot.raw
        isPlain = !JSONText.hasBackslash(source.extracting(Int(raw.lowerBound)..<Int(raw.upperBound)).span)
    }

    // MARK: - The record's fields

    /// The JSON token of a field; empty when the record lacks it.
    func token(_ field: Int) -> Text {
        guard field < fields.count else { return source.extracting(0..<0) }
        let range = fields[fields.startIndex + field]
        return source.extracting(Int(range.lowerBound)..<Int(range.upperBound))
    }

    /// A field's contents, cut to the limit; nil when nothing is known.
    mutating func text(_ field: Int) -> Text? {
        guard let contents = token(field).contents, !contents.isEmpty else { return nil }
        return limited(contents)
    }

    mutating func limited(_ contents: Text) -> Text {
        guard contents.count > Normaliser.valueLimit else { return contents }
        shortenedValues += 1
        return contents.prefix(limit: Normaliser.valueLimit)
    }

    // MARK: - Writing

    mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(contents: Text) {
        if isPlain {
            bytes.append(contentsOf: contents)
        } else {
            JSONString.appendContents(contents.span, to: &bytes)
        }
    }

    /// Appends JSON or other text as contents of a string.
    mutating func append(escaping text: Text) {
        for byte in text { JSONString.appendEscaped(byte, to: &bytes) }
    }

    /// Appends `prefix contents`, if there are any.
    mutating func append(_ prefix: StaticString, contents: Text?) {
        guard let contents else { return }
        append(prefix)
        append(contents: contents)
    }

    /// Appends a value as contents of a string behind `key`: arrays and objects as their compact JSON; null, and what
    /// is missing, not at all.
    mutating func append(_ key: StaticString, value token: Text, isLimited: Bool) {
        if let contents = token.contents {
            append(key)
            append(contents: isLimited ? limited(contents) : contents)
        } else if token.first == UInt8(ascii: "{") || token.first == UInt8(ascii: "[") {
            append(key)
            JSONText.compact(token.span).withUnsafeBufferPointer {
                append(escaping: isLimited ? limited($0) : $0)
            }
        } else {
            return
        }
        append("\"")
    }

    /// Appends a member of an object whose opening is `opening` up to the first value: its key, if the value is known.
    ///
    /// - Parameters:
    ///   - isOpen: whether a member was written before; becomes true with the first.
    ///   - name: the key with its quotes and colon, and the value's first quote.
    mutating func append(_ name: StaticString, _ value: Text?, opening: StaticString, _ isOpen: inout Bool) {
        guard let value else { return }
        append(isOpen ? "," : opening)
        isOpen = true
        append(name)
        append(contents: value)
        append("\"")
    }
}
