import CSimdjson

/// Takes small list answers apart, of which a few strings are wanted: what discovery reads.
///
/// - Whatever would make `PageParser` refuse a page makes this refuse the answer, and what it carries this carries.
/// - An answer may hold secrets, so errors quote nothing of it unless it is HTML.
///
/// Not for use by two threads at once.
package final class ResourceListParser {
    private let scanner = AnswerScanner()

    package init() {}

    /// Reads a whole answer. Its next page is `meta.next_page_url`, else `next_page_uri` at the root.
    ///
    /// - Parameter key: the key of the list, `services` for one.
    package func parse(_ body: consuming [UInt8], key: String) throws(PageError) -> ResourceList {
        try scanner.scan(body, as: .list, listKey: key, fieldKeys: [], quoting: false) { bytes, found, _ in
            let nextPage = JSONString.text(bytes[Range(found.next_page_url)])
            return ResourceList(
                items: UnsafeBufferPointer(start: found.records, count: found.record_count)
                    .map { ResourceItem(bytes[Range($0.raw)]) },
                nextPage: nextPage == "" ? nil : nextPage)
        }
    }
}
