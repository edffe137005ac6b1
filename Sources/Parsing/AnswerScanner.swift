import CSimdjson

/// Finds the records of an answer, and where the values of some of their keys lie: the part of reading that is the same
/// whatever the records are.
///
/// Not for use by two threads at once.
final class AnswerScanner {
    /// What an answer is made of.
    enum Form {
        /// A list under a key.
        case list
        /// One record, the answer itself.
        case record
    }

    /// The memory for answers up to this size is kept, by each thread: a page of 1,000 records has about 1 MiB.
    private static let keptBytes = 4 << 20

    private let handle: OpaquePointer?
    private var listKey: String?
    private var fieldKeys: [String] = []

    init() {
        handle = csimdjson_create()
    }

    deinit {
        csimdjson_destroy(handle)
    }

    /// Reads a whole answer. A byte order mark in front of it is dropped; bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Parameter quoting: whether an error may show a piece of JSON; if not, it shows of HTML only.
    /// - Parameter take: what was found is valid only while it runs.
    func scan<Result>(
        _ body: consuming [UInt8], as form: Form, listKey: String, fieldKeys: [String], quoting: Bool = true,
        _ take: (_ bytes: [UInt8], _ found: csimdjson_page, _ repaired: UTF8Repair?) -> Result
    ) throws(PageError) -> Result {
        guard body.count <= Int32.max else { throw .tooLarge(bytes: body.count) }
        try prepare(listKey, fieldKeys)
        defer { csimdjson_trim(Self.keptBytes) }
        if body.starts(with: [0xEF, 0xBB, 0xBF]) { body.removeFirst(3) }
        var found = csimdjson_page()
        var status = parse(body, form, &found)
        var repaired: UTF8Repair?
        if status == CSIMDJSON_NOT_UTF8 {
            let repair = UTF8Repair(body)
            guard repair.bytes.count <= Int32.max else { throw .tooLarge(bytes: repair.bytes.count) }
            body = repair.bytes
            repaired = repair
            status = parse(body, form, &found)
        }
        guard status == CSIMDJSON_OK else {
            throw PageError(status, at: Int(found.error), in: body, listKey: listKey, quoting: quoting)
        }
        return take(body, found, repaired)
    }

    private func prepare(_ listKey: String, _ fieldKeys: [String]) throws(PageError) {
        guard handle != nil else { throw .outOfMemory }
        guard self.listKey != listKey || self.fieldKeys != fieldKeys else { return }
        self.listKey = nil
        let keys = fieldKeys.joined(separator: ",")
        let status = csimdjson_set_shape(handle, listKey, fieldKeys.isEmpty ? nil : keys)
        precondition(status != CSIMDJSON_BAD_SHAPE, "a shape has too many keys")
        guard status == CSIMDJSON_OK else { throw .outOfMemory }
        self.listKey = listKey
        self.fieldKeys = fieldKeys
    }

    private func parse(_ bytes: borrowing [UInt8], _ form: Form, _ found: inout csimdjson_page) -> csimdjson_status {
        bytes.withUnsafeBufferPointer { bytes in
            switch form {
            case .list: csimdjson_parse_page(handle, bytes.baseAddress, bytes.count, &found)
            case .record: csimdjson_parse_record(handle, bytes.baseAddress, bytes.count, &found)
            }
        }
    }
}

extension Range<Int> {
    init(_ range: csimdjson_range) {
        self = Int(range.start)..<Int(range.end)
    }
}

extension PageError {
    fileprivate init(_ status: csimdjson_status, at offset: Int, in body: [UInt8], listKey: String, quoting: Bool) {
        // Half of an HTML page's quotes look like a string that does not end: what it begins with tells more.
        let first = body.first { ![9, 10, 13, 32].contains($0) }
        let quoting = quoting || first == UInt8(ascii: "<")
        let start = quoting ? Excerpt(body) : .withheld
        let there = quoting ? Excerpt(body.dropFirst(offset)) : .withheld
        switch status {
        case CSIMDJSON_EMPTY: self = .empty
        case CSIMDJSON_NO_MEMORY: self = .outOfMemory
        case CSIMDJSON_TOO_MANY_RECORDS: self = .tooManyRecords
        case _ where first != UInt8(ascii: "{"): self = .notAnObject(start)
        case CSIMDJSON_CUT_SHORT: self = .cutShort(bytes: body.count, start)
        case CSIMDJSON_NO_LIST: self = .noList(key: listKey, start)
        case CSIMDJSON_LIST_NOT_ARRAY: self = .listNotArray(key: listKey, there)
        case CSIMDJSON_NO_NEXT_PAGE_URL: self = .noNextPageURL(start)
        default: self = .notJSON(at: offset, there)
        }
    }
}
