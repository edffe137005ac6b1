/// Why an answer could not be read as a page of records; nothing of it was taken.
package enum PageError: Error, Equatable {
    /// More bytes than offsets can count.
    case tooLarge(bytes: Int)
    case tooManyRecords
    case empty
    /// HTML, plain text, or JSON of another kind.
    case notAnObject(Excerpt)
    /// It ends inside a string, an array or an object.
    case cutShort(bytes: Int, Excerpt)
    case notJSON(at: Int, Excerpt)
    /// There is no list under the dataset's key.
    case noList(key: String, Excerpt)
    case listNotArray(key: String, Excerpt)
    /// Without `meta.next_page_url` (or the 2010 API's `next_page_uri`), a string or null, nobody knows whether that
    /// was all.
    case noNextPageURL(Excerpt)
    case outOfMemory
}

extension PageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let bytes): "The answer has \(bytes) bytes, more than can be read."
        case .tooManyRecords: "The answer has more records than any page was asked for."
        case .empty: "The answer is empty."
        case .notAnObject(let excerpt): "The answer is not a JSON object; it begins: \(excerpt)"
        case .cutShort(let bytes, let excerpt): "The answer breaks off after \(bytes) bytes; it begins: \(excerpt)"
        case .notJSON(let offset, let excerpt): "The answer is not JSON from byte \(offset) on: \(excerpt)"
        case .noList(let key, let excerpt): "The answer has no list \"\(key)\"; it begins: \(excerpt)"
        case .listNotArray(let key, let excerpt): "The answer's \"\(key)\" is not an array but: \(excerpt)"
        case .noNextPageURL(let excerpt):
            "The answer does not say in meta.next_page_url whether another page follows; it begins: \(excerpt)"
        case .outOfMemory: "There was no memory to read the answer."
        }
    }
}

/// A short piece of what came instead, in printable characters: fit for a log line and a terminal.
package struct Excerpt: Equatable, Sendable, CustomStringConvertible {
    /// Enough to recognise an HTML page or another API, too little to repeat a record.
    package static let limit = 80

    /// Stands for a piece of an answer that may hold secrets.
    static let withheld = Excerpt(said: "(not shown, it may hold secrets)")

    package let description: String

    private init(said description: String) {
        self.description = description
    }

    /// The first bytes, white space run together, what is not printable ASCII as `\xHH`; "…" if there were more.
    package init(_ bytes: some Sequence<UInt8>) {
        var text = ""
        // White space counts little; whole bodies of it are not worth looking through.
        for byte in bytes.prefix(Self.limit * 16) {
            let piece =
                switch byte {
                case 9, 10, 13, 32: text.hasSuffix(" ") ? "" : " "
                case 33...126: String(Unicode.Scalar(byte))
                default: (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
                }
            guard text.utf8.count + piece.utf8.count < Self.limit else {
                text += "…"
                break
            }
            text += piece
        }
        description = text
    }
}
