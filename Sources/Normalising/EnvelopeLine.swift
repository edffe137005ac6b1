import Parsing
import PipelineCore

/// The middle of an envelope being written, from the value of `type` to the last mark, and the record it is made from.
struct EnvelopeLine: ~Copyable {
    /// What an entry of the block needs to know.
    struct Facts {
        /// Where the value of `type` lies in what was written.
        let type: Range<Int>
        let severity: Severity
    }

    var writer: LineWriter
    /// How many values were cut to `Normaliser.valueLimit`, and how many changes left out.
    var shortenedValues = 0
    var leftOutChanges = 0

    /// The record's JSON.
    let raw: Text
    private let source: Text
    private let fields: UnsafeBufferPointer<Range<Int32>>
    /// Strings can be carried over as they stand: no escape is anywhere in the record.
    private let isPlain: Bool

    /// `source` and `allFields` are the page's, and must be alive as long as this is.
    init(_ record: SourceRecord, source: Text, allFields: UnsafeBufferPointer<Range<Int32>>) {
        let count = record.page.fieldsPerRecord
        let range = record.slot.raw
        let raw = source.extracting(Int(range.lowerBound)..<Int(range.upperBound))
        writer = LineWriter()
        self.raw = raw
        self.source = source
        fields = allFields.extracting(record.index * count..<(record.index + 1) * count)
        isPlain = !JSONText.hasBackslash(raw.span)
    }

    // MARK: - The record's fields

    /// The JSON token of a field; empty when the record lacks it.
    func token(_ field: Int) -> Text {
        guard field < fields.count else { return source.extracting(0..<0) }
        let range = fields[field]
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

    @inline(__always)
    mutating func append(_ word: StaticString) {
        writer.append(word.text)
    }

    mutating func append(contents: Text) {
        if isPlain || !JSONString.hasHalfPair(contents.span) {
            writer.append(contents)
        } else {
            JSONString.withoutHalfPairs(contents.span).withUnsafeBufferPointer { writer.append($0) }
        }
    }

    /// Appends `prefix contents`, if there are any.
    mutating func append(_ prefix: StaticString, contents: Text?) {
        guard let contents else { return }
        append(prefix)
        append(contents: contents)
    }

    /// Appends text as contents of a string.
    mutating func append(escaping text: Text) {
        var bytes: [UInt8] = []
        for byte in text { JSONString.appendEscaped(byte, to: &bytes) }
        bytes.withUnsafeBufferPointer { writer.append($0) }
    }

    /// Appends a value as a string behind `key`, which ends with the string's first quote: arrays and objects as their
    /// compact JSON; null, and what is missing, not at all.
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

    /// Appends a member of an object of strings, if its value is known.
    ///
    /// - Parameters:
    ///   - name: the key with its quotes and colon, and the value's first quote.
    ///   - opening: what comes before the object's first member.
    ///   - isOpen: whether a member was written before; becomes true with the first.
    mutating func append(_ name: StaticString, _ value: Text?, opening: StaticString, _ isOpen: inout Bool) {
        guard let value else { return }
        if isOpen { append(",") } else { append(opening) }
        isOpen = true
        append(name)
        append(contents: value)
        append("\"")
    }
}
