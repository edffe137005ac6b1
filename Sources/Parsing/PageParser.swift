import CSimdjson
package import PipelineCore

/// Takes list answers apart: one pass over the bytes finds every record, its identity, its time and the fields that the
/// envelope needs, and checks that each record is valid JSON.
///
/// - Nothing is copied: a record is a range of the answer's bytes.
/// - Every element of the list is a record, whatever it is; what is wrong with it is in its flaws. Only an answer that
///   does not hang together as a whole is refused.
/// - The same bytes always give the same page.
///
/// Not for use by two threads at once. A parser is cheap to make. Each thread that parses keeps four bytes of address space
/// for each byte of the largest answer it read, up to 4 MiB, of which about a fifth is touched.
package final class PageParser {
    private let scanner = AnswerScanner()

    package init() {}

    /// Reads a whole list answer. A byte order mark in front of it is dropped; bytes that are not UTF-8 become U+FFFD.
    package func parse(_ body: consuming [UInt8], as shape: PageShape) throws(PageError) -> Page {
        try parse(body, .list, shape)
    }

    /// Reads the answer to a question for one record, `GET /v1/Events/{AE}`: the record stands at the root.
    ///
    /// The page has exactly one record, as the list would have it, and no next page. What is no object is refused.
    package func parse(record body: consuming [UInt8], as shape: PageShape) throws(PageError) -> Page {
        try parse(body, .record, shape)
    }

    private func parse(
        _ body: consuming [UInt8], _ form: AnswerScanner.Form, _ shape: PageShape
    ) throws(PageError) -> Page {
        try scanner.scan(body, as: form, listKey: shape.listKey, fieldKeys: shape.fieldKeys) { bytes, found, repaired in
            let nextPageURL = JSONString.text(bytes[Range(found.next_page_url)])
            return Page(
                buffer: bytes, records: slots(found, in: bytes, shape: shape, repaired: repaired),
                fields: UnsafeBufferPointer(start: found.fields, count: found.record_count * shape.fieldKeys.count)
                    .map { $0.start..<$0.end },
                fieldsPerRecord: shape.fieldKeys.count,
                nextPageURL: nextPageURL == "" ? nil : nextPageURL
            )
        }
    }

    /// - Parameter repaired: where U+FFFD was put in.
    private func slots(
        _ found: csimdjson_page, in bytes: borrowing [UInt8], shape: PageShape, repaired: UTF8Repair?
    ) -> [SourceRecord.Slot] {
        var repairs = (repaired?.replacements ?? [])[...]
        let everywhereFrom = repaired?.everywhereFrom ?? .max
        return (0..<found.record_count).map { index in
            let record = found.records[index]
            let fields = found.fields + index * shape.fieldKeys.count
            let sid = RecordSID(token: bytes[Range(fields[shape.sid])])
            var flaws = SourceRecord.Flaws(rawValue: 0)
            if record.kind == CSIMDJSON_OTHER {
                flaws.insert(.notAnObject)
            } else if sid == nil {
                flaws.insert(.noSID)
            }
            if record.kind == CSIMDJSON_MALFORMED { flaws.insert(.malformed) }
            while let repair = repairs.first, repair < record.raw.start { repairs.removeFirst() }
            let isRepaired = repairs.first.map { $0 < record.raw.end } ?? (everywhereFrom < record.raw.end)
            if isRepaired { flaws.insert(.repaired) }
            return SourceRecord.Slot(
                raw: record.raw.start..<record.raw.end,
                identity: sid?.identity(prefix: shape.sidPrefix) ?? .of(bytes[Range(record.raw)]),
                time: time(fields, in: bytes, shape), flaws: flaws
            )
        }
    }

    /// The first of the record's dates that can be read.
    private func time(
        _ fields: UnsafePointer<csimdjson_range>, in bytes: borrowing [UInt8], _ shape: PageShape
    ) -> Timestamp? {
        for date in shape.dates {
            guard let contents = JSONString.contents(bytes[Range(fields[date])]) else { continue }
            if let time = Timestamp(rfc3339: contents) ?? Timestamp(rfc2822: contents) { return time }
        }
        return nil
    }
}
