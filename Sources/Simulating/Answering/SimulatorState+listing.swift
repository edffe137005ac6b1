/// What lists of records have in common: newest first, a page at a time, up to a cap.
extension SimulatorState {
    /// Which records a query wants, and how much of them it gets.
    struct Selection {
        /// The first date that belongs to the query, and the first that lies behind it.
        var dates: (from: Int64, to: Int64)
        var cap: Int?
        var capForm: SimulatorOptions.CapForm
        /// Which numbers the query wants; nil wants all.
        var filter: ((UInt32) -> Bool)?
        /// The rows come shuffled in blocks of so many.
        var shuffleSpan: Int?
    }

    /// One page of a timeline: what is on it, and where its neighbours begin.
    struct RecordPage {
        /// Newest first.
        var indexes: [Int]
        var next: PageToken?
        var previous: PageToken?
    }

    mutating func page(
        _ query: ListQuery, stream: Int, _ selection: Selection, fault: SimulatedFault?
    ) throws(ListQuery.Refusal) -> RecordPage {
        try query.check(fault, options)
        let timeline = streams[stream].timeline
        let oldest = now - options.retention.milliseconds
        let range = timeline.range(from: max(oldest, selection.dates.from), to: selection.dates.to)
        var size = query.pageSize
        let offset = query.offset
        var isLast = false
        if let cap = selection.cap {
            if selection.capForm == .refusal, query.page > 0, offset + size > cap {
                throw ListQuery.Refusal(400, 20001, "Invalid page and pageSize combination")
            }
            size = max(0, min(size, cap - offset))
            isLast = selection.capForm == .silent && offset + size >= cap
        }
        let repeated = fault == .duplicateRows && offset > 0 ? 1 : 0
        // Rows of shuffled blocks have no order that a cursor could name.
        let isCursor = options.paging == .cursor && selection.shuffleSpan == nil
        var upper = range.upperBound
        var skipped = offset - repeated
        if isCursor, let token = query.token {
            upper = min(upper, timeline.index(notBefore: (token.date, token.number)) + repeated)
            skipped = 0
        }
        let (indexes, more) = Self.take(
            size, skipping: skipped, of: timeline, in: range.lowerBound..<max(range.lowerBound, upper), selection)
        var page = RecordPage(indexes: indexes)
        if more, !isLast {
            page.next = PageToken(offset: offset - repeated + indexes.count, pageSize: query.pageSize)
            if isCursor, let last = indexes.last {
                page.next?.date = timeline.dates[last]
                page.next?.number = timeline.numbers[last]
            }
        }
        // A cursor knows the way on only.
        if query.page > 0, options.paging == .offset {
            page.previous = PageToken(offset: max(0, offset - query.pageSize), pageSize: query.pageSize)
        }
        spoil(&page, query, stream: stream, range, fault)
        return page
    }

    /// The faults that change what is on a page.
    private mutating func spoil(
        _ page: inout RecordPage, _ query: ListQuery, stream: Int, _ range: Range<Int>, _ fault: SimulatedFault?
    ) {
        switch fault {
        case .emptyPage: page = RecordPage(indexes: [], next: nil, previous: nil)
        case .emptyThenFull:
            if hushes(query) { page = RecordPage(indexes: [], next: nil, previous: nil) }
        case .emptyWithNext:
            page.indexes = []
            page.next =
                query.token
                ?? PageToken(offset: query.offset, pageSize: query.pageSize, date: .max, number: .max)
        case .outsideWindow:
            let timeline = streams[stream].timeline
            if range.lowerBound > 0 {
                page.indexes.append(range.lowerBound - 1)
            } else if range.upperBound < timeline.numbers.count {
                page.indexes.insert(range.upperBound, at: 0)
            }
        default: break
        }
    }

    /// Whether this look is to meet an empty page: every other look at a page is.
    mutating func hushes(_ query: ListQuery) -> Bool {
        let look = Look(path: query.path, offset: query.offset)
        guard hushed.remove(look) == nil, hushed.count < Self.mostHushed else { return false }
        hushed.insert(look)
        return true
    }

    /// More lists than anyone reads at once.
    private static let mostHushed = 2_000

    /// The finished answer, with the faults that concern lists.
    mutating func listAnswer(
        _ query: ListQuery, _ page: RecordPage, stream: Int, key: String, _ context: AnswerContext
    ) -> SimulatedResponse {
        tally.reads += page.indexes.count
        streams[stream].timeline.countReads(page.indexes)
        var next = page.next
        if context.fault == .nextElsewhere, next == nil {
            next = PageToken(offset: query.offset + page.indexes.count, pageSize: 50)
        }
        let meta = meta(query, key: key, next: next, previous: page.previous, context)
        var body: [UInt8] = []
        body.reserveCapacity(1_024 * (page.indexes.count + 1))
        // Recorded answers have meta behind events and before logs.
        if key == "events" {
            body += "{\"events\": [".utf8
        } else {
            body += "{\"meta\": \(meta), \"\(key)\": [".utf8
        }
        let listed = streams[stream]
        for (position, index) in page.indexes.enumerated() {
            if position > 0 {
                body.append(UInt8(ascii: ","))
                body.append(UInt8(ascii: " "))
            }
            writer.append(
                listed.timeline.numbers[index], date: listed.timeline.dates[index], of: listed, to: &body)
        }
        body += key == "events" ? "], \"meta\": \(meta)}".utf8 : "]}".utf8
        return .json(body)
    }

    func meta(
        _ query: ListQuery, key: String, next: PageToken?, previous: PageToken?, _ context: AnswerContext
    ) -> String {
        let origin = context.fault == .nextElsewhere ? options.elsewhereOrigin : context.origin
        return query.meta(
            key: key, query.links(origin: origin, next: next, previous: previous, fault: context.fault))
    }

    private static func take(
        _ count: Int, skipping skipped: Int, of timeline: Timeline, in range: Range<Int>, _ selection: Selection
    ) -> (indexes: [Int], more: Bool) {
        guard selection.filter != nil || selection.shuffleSpan != nil else {
            let upper = max(range.lowerBound, range.upperBound - skipped)
            let lower = max(range.lowerBound, upper - count)
            return ((lower..<upper).reversed(), lower > range.lowerBound)
        }
        guard let span = selection.shuffleSpan else {
            var indexes: [Int] = []
            var toSkip = skipped
            for index in range.reversed() where selection.filter?(timeline.numbers[index]) ?? true {
                if toSkip > 0 {
                    toSkip -= 1
                } else if indexes.count < count {
                    indexes.append(index)
                } else {
                    return (indexes, true)
                }
            }
            return (indexes, false)
        }
        var rows = range.reversed().filter { selection.filter?(timeline.numbers[$0]) ?? true }
        for begin in stride(from: 0, to: rows.count, by: span) {
            // The same for every look at these rows, whichever page is asked for.
            var random = SeededRandom(seed: UInt64(begin))
            rows[begin..<min(begin + span, rows.count)].shuffle(using: &random)
        }
        let begin = min(skipped, rows.count)
        let end = min(begin + count, rows.count)
        return (Array(rows[begin..<end]), end < rows.count)
    }
}
