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
/// Not for use by two threads at once. A parser is cheap to make, and keeps four bytes of address space for each byte of
/// the largest answer it read, up to `keptBytes`, of which about a fifth is touched.
package final class PageParser {
    /// The memory for answers up to this size is kept: a page of 1,000 records has about 1 MiB.
    private static let keptBytes = 4 << 20

    private let handle: OpaquePointer?
    private var shape: PageShape?

    package init() {
        handle = csimdjson_create()
    }

    deinit {
        csimdjson_destroy(handle)
    }

    /// Reads a whole answer. A byte order mark in front of it is dropped; bytes that are not UTF-8 become U+FFFD.
    package func parse(_ body: consuming [UInt8], as shape: PageShape) throws(PageError) -> Page {
        guard body.count <= Int32.max else { throw .tooLarge(bytes: body.count) }
        try prepare(for: shape)
        defer { csimdjson_trim(handle, Self.keptBytes) }
        if body.starts(with: [0xEF, 0xBB, 0xBF]) { body.removeFirst(3) }
        var found = csimdjson_page()
        var status = parse(body, &found)
        var repaired: UTF8Repair?
        if status == CSIMDJSON_NOT_UTF8 {
            let repair = UTF8Repair(body)
            guard repair.bytes.count <= Int32.max else { throw .tooLarge(bytes: repair.bytes.count) }
            body = repair.bytes
            repaired = repair
            status = parse(body, &found)
        }
        guard status == CSIMDJSON_OK else {
            throw PageError(status, at: Int(found.error), in: body, shape: shape)
        }
        let nextPageURL = JSONString.text(body[Range(found.next_page_url)])
        return Page(
            buffer: body, records: slots(found, in: body, shape: shape, repaired: repaired),
            fields: UnsafeBufferPointer(start: found.fields, count: found.record_count * shape.fieldKeys.count)
                .map { $0.start..<$0.end },
            fieldsPerRecord: shape.fieldKeys.count,
            nextPageURL: nextPageURL == "" ? nil : nextPageURL
        )
    }

    private func prepare(for shape: PageShape) throws(PageError) {
        guard handle != nil else { throw .outOfMemory }
        guard self.shape != shape else { return }
        let keys = shape.fieldKeys.joined(separator: ",")
        let status = csimdjson_set_shape(handle, shape.listKey, keys)
        precondition(status != CSIMDJSON_BAD_SHAPE, "a shape has too many keys")
        guard status == CSIMDJSON_OK else { throw .outOfMemory }
        self.shape = shape
    }

    private func parse(_ bytes: borrowing [UInt8], _ found: inout csimdjson_page) -> csimdjson_status {
        bytes.withUnsafeBufferPointer { bytes in
            csimdjson_parse_page(handle, bytes.baseAddress, bytes.count, &found)
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
                time: JSONString.contents(bytes[Range(fields[shape.date])]).flatMap { Timestamp(rfc3339: $0) },
                flaws: flaws
            )
        }
    }
}

extension Range<Int> {
    fileprivate init(_ range: csimdjson_range) {
        self = Int(range.start)..<Int(range.end)
    }
}

extension PageError {
    fileprivate init(_ status: csimdjson_status, at offset: Int, in body: [UInt8], shape: PageShape) {
        let start = Excerpt(body)
        // Half of an HTML page's quotes look like a string that does not end: what it begins with tells more.
        let first = body.first { ![9, 10, 13, 32].contains($0) }
        switch status {
        case CSIMDJSON_EMPTY: self = .empty
        case CSIMDJSON_NO_MEMORY: self = .outOfMemory
        case CSIMDJSON_TOO_MANY_RECORDS: self = .tooManyRecords
        case _ where first != UInt8(ascii: "{"): self = .notAnObject(start)
        case CSIMDJSON_CUT_SHORT: self = .cutShort(bytes: body.count, start)
        case CSIMDJSON_NO_LIST: self = .noList(key: shape.listKey, start)
        case CSIMDJSON_LIST_NOT_ARRAY: self = .listNotArray(key: shape.listKey, Excerpt(body.dropFirst(offset)))
        case CSIMDJSON_NO_NEXT_PAGE_URL: self = .noNextPageURL(start)
        default: self = .notJSON(at: offset, Excerpt(body.dropFirst(offset)))
        }
    }
}
