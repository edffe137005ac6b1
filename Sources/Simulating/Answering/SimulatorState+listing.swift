/// What events and logs lists have in common: newest first, a page at a time, up to a cap.
extension SimulatorState {
    /// One page of a timeline: what is on it, and where its neighbours begin.
    struct RecordPage {
        /// Newest first.
        var indexes: [Int]
        var next: PageToken?
        var previous: PageToken?
    }

    /// - Parameters:
    ///   - from: the first date that belongs to the query.
    ///   - to: the first date that lies behind it.
    ///   - filter: which numbers the query wants; nil wants all.
    func page(
        _ query: ListQuery, stream: Int, from: Int64, to: Int64, cap: Int?, filter: ((UInt32) -> Bool)?
    ) throws(ListQuery.Refusal) -> RecordPage {
        let timeline = streams[stream].timeline
        let range = timeline.range(from: from, to: to)
        var size = query.pageSize
        let offset = query.offset
        var isLast = false
        if let cap {
            if options.capForm == .refusal, query.page > 0, offset + size > cap {
                throw ListQuery.Refusal(400, 20001, "Invalid page and pageSize combination")
            }
            size = max(0, min(size, cap - offset))
            isLast = options.capForm == .silent && offset + size >= cap
        }
        var upper = range.upperBound
        var skipped = offset
        if options.paging == .cursor, let token = query.token {
            upper = min(upper, timeline.index(notBefore: (token.date, token.number)))
            skipped = 0
        }
        let (indexes, more) = Self.take(
            size, skipping: skipped, of: timeline, in: range.lowerBound..<max(range.lowerBound, upper), filter)
        var page = RecordPage(indexes: indexes)
        if more, !isLast {
            page.next = PageToken(offset: offset + indexes.count, pageSize: query.pageSize)
            if options.paging == .cursor, let last = indexes.last {
                page.next?.date = timeline.dates[last]
                page.next?.number = timeline.numbers[last]
            }
        }
        // A cursor knows the way on only.
        if query.page > 0, options.paging == .offset {
            page.previous = PageToken(offset: max(0, offset - query.pageSize), pageSize: query.pageSize)
        }
        return page
    }

    /// The finished answer, with the faults that concern lists.
    func listAnswer(
        _ query: ListQuery, _ page: RecordPage, stream: Int, key: String, _ context: AnswerContext,
        append: (_ number: UInt32, _ date: Int64, _ body: inout [UInt8]) -> Void
    ) -> SimulatedResponse {
        var page = page
        if context.fault == .emptyPage { page = RecordPage(indexes: [], next: nil, previous: nil) }
        var origin = context.origin
        if context.fault == .nextElsewhere {
            origin = SimulatedFault.elsewhere
            if page.next == nil { page.next = PageToken(offset: query.offset + page.indexes.count, pageSize: 50) }
        }
        let meta = query.meta(key: key, origin: origin, next: page.next, previous: page.previous)
        var body: [UInt8] = []
        body.reserveCapacity(1_024 * (page.indexes.count + 1))
        // Recorded answers have meta behind events and before logs.
        if key == "events" {
            body += "{\"events\": [".utf8
        } else {
            body += "{\"meta\": \(meta), \"\(key)\": [".utf8
        }
        let timeline = streams[stream].timeline
        for (position, index) in page.indexes.enumerated() {
            if position > 0 {
                body.append(UInt8(ascii: ","))
                body.append(UInt8(ascii: " "))
            }
            append(timeline.numbers[index], timeline.dates[index], &body)
        }
        body += key == "events" ? "], \"meta\": \(meta)}".utf8 : "]}".utf8
        return .json(body)
    }

    /// Remembers that the page was handed out.
    mutating func countReads(_ page: RecordPage, stream: Int) {
        tally.reads += page.indexes.count
        streams[stream].timeline.countReads(page.indexes)
    }

    private static func take(
        _ count: Int, skipping skipped: Int, of timeline: Timeline, in range: Range<Int>,
        _ filter: ((UInt32) -> Bool)?
    ) -> (indexes: [Int], more: Bool) {
        guard let filter else {
            let upper = max(range.lowerBound, range.upperBound - skipped)
            let lower = max(range.lowerBound, upper - count)
            return ((lower..<upper).reversed(), lower > range.lowerBound)
        }
        var indexes: [Int] = []
        var toSkip = skipped
        for index in range.reversed() where filter(timeline.numbers[index]) {
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
}
