/// One list answer of things that are looked for rather than collected: services, environments, functions, accounts.
package struct ResourceList: Sendable {
    /// Every element of the list, whatever it is.
    package let items: [ResourceItem]
    /// Where the next page is: an absolute URL, or a path in the 2010 API. Nil at the end of the list.
    package let nextPage: String?
}

/// One element of a `ResourceList`. It prints without its contents: an account's hold its auth token.
package struct ResourceItem: Sendable {
    /// A longer value is no name, SID, status or token.
    package static let longest = 1024

    private let json: ArraySlice<UInt8>

    init(_ json: ArraySlice<UInt8>) {
        self.json = json
    }

    /// The string under a key of the item itself, nil if there is none: the key is missing, or holds null or anything
    /// else.
    ///
    /// - A string of more than 1 KiB is none: cut, it would be another name or another token.
    /// - Of equal keys the first counts, and keys written with escapes are not recognised, as in a page.
    package func string(_ key: String) -> String? {
        // A byte takes at most the six of an escape.
        guard let token = token(key), token.count <= Self.longest * 6 + 2,
            let text = JSONString.text(token), text.utf8.count <= Self.longest
        else { return nil }
        return text
    }

    /// Whether the key is there and holds null.
    package func isNull(_ key: String) -> Bool {
        token(key)?.elementsEqual("null".utf8) == true
    }

    private func token(_ key: String) -> ArraySlice<UInt8>? {
        let bytes = json.span
        var cursor = JSONCursor(0..<bytes.count)
        guard cursor.enterObject(in: bytes) else { return nil }
        while let range = cursor.nextKey(in: bytes) {
            let value = cursor.skipValue(in: bytes)
            guard slice(range).elementsEqual(key.utf8) else { continue }
            return slice(value)
        }
        return nil
    }

    private func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        json.dropFirst(range.lowerBound).prefix(range.count)
    }
}

extension ResourceItem: CustomStringConvertible {
    package var description: String { "a resource of \(json.count) bytes" }
}
