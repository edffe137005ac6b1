import PipelineCore
import PipelineTestKit
import Synchronization
import Testing
import Transport
import TwilioSources

@Suite struct ListReaderTests {
    @Test func `a window is asked a tick wider at both ends, in whole seconds, with basic auth`() async throws {
        let api = try Scripted { _, _ in page([]) }
        let now = api.now
        let asked = window(before: now)
        _ = try await api.events().read(asked, pass())
        let request = try #require(api.transport.requests.last)
        let from = (asked.from - .seconds(1)).rfc3339Seconds.replacing(":", with: "%3A")
        let to = (asked.to + .seconds(1)).rfc3339Seconds.replacing(":", with: "%3A")
        #expect(request.url.query == "StartDate=\(from)&EndDate=\(to)&PageSize=2")
        #expect(request.basicAuth == BasicAuth(user: "AC1", password: "hunter2"))
    }

    @Test func `pages are followed to the null one, empty ones too`() async throws {
        let api = try Scripted { _, number in
            switch number {
            case 2: page(["AE1"], next: "https://monitor.twilio.com/v1/Events?Page=1&PageToken=a")
            case 3: page([], next: "https://monitor.twilio.com/v1/Events?Page=2&PageToken=b")
            default: page(number == 1 ? [] : ["AE2"])
            }
        }
        let contents = try await api.events().read(window(before: api.now), pass())
        #expect(contents.pages.map(\.records.count) == [1, 0, 1])
        #expect(contents.requestIDs.count == 3)
        #expect(contents.gap == nil)
    }

    @Test func `exactly the cap and a null next page means that there is more`() async throws {
        let api = try Scripted { _, number in page(number == 1 ? [] : ["AE1", "AE2", "AE3"]) }
        let source = api.events(pageSize: 3, cap: 3)
        let error = try await failure { () throws(SourceError) in
            try await source.read(window(before: api.now), pass())
        }
        #expect(error.kind == "tooMuch")
    }

    @Test func `a window of which the first page covers next to nothing is given up at once`() async throws {
        let api = try Scripted { _, number in
            page(
                number == 1 ? [] : ["AE\(number)a", "AE\(number)b", "AE\(number)c"],
                next: number == 1 ? nil : "https://monitor.twilio.com/v1/Events?PageToken=\(number)")
        }
        let source = api.events(pageSize: 3)
        // As dense as the last of its seconds, all of them hold 180 records, 60 pages.
        let minute = Window(from: api.now - .seconds(60), to: api.now)
        let error = try await failure { () throws(SourceError) in try await source.read(minute, pass()) }
        #expect(error.kind == "tooMuch")
        #expect("\(error)" == "the window has some 180 records")
        // One asked for the time.
        #expect(api.transport.requests.count == 2)
    }

    // A silent cap that counts rows, and pages that shift, as hostile schedule 256 showed.
    @Test(arguments: [true, false])
    func `rows that come twice hide no cap`(canSplit: Bool) async throws {
        let api = try Scripted { request, number in
            switch number {
            case 1: page([])
            case 2...:
                request.url.query?.contains("PageToken") == true
                    ? page(["AE2", "AE3"])
                    : page(["AE1", "AE2"], next: "https://monitor.twilio.com/v1/Events?PageToken=a")
            default: page([])
            }
        }
        let source = api.events(pageSize: 2, cap: 3)
        let second = Window(from: api.now - .seconds(60), to: api.now - .seconds(59))
        do throws(SourceError) {
            let contents = try await source.read(second, pass(canSplit: canSplit))
            #expect(!canSplit)
            #expect(contents.gap?.contains("as many as one query can") == true)
            #expect(contents.pages.count == 2)
        } catch {
            #expect(canSplit && error.kind == "tooMuch")
        }
    }

    @Test func `a server that lists more different records of a second than the cap has none`() async throws {
        let api = try Scripted { _, number in page(number == 1 ? [] : ["AE1", "AE2", "AE3", "AE4"]) }
        let source = api.events(pageSize: 4, cap: 3)
        let second = Window(from: api.now - .seconds(60), to: api.now - .seconds(59))
        let contents = try await source.read(second, pass(canSplit: false))
        #expect(contents.gap == nil)
        #expect(contents.pages.map(\.records.count) == [4])
    }

    @Test func `what a pass holds is counted, and given back with its hold`() async throws {
        let memory = MemoryBudget()
        let api = try Scripted { _, _ in page(["AE1"]) }
        let hold = memory.hold(isFirst: true)
        let contents = try await api.events().read(
            window(before: api.now), Pass(canSplit: true, urgency: .live, memory: hold))
        #expect(contents.pages.count == 1)
        #expect(memory.used == page(["AE1"]).body.count)
        hold.release()
        #expect(memory.used == 0)
    }

    @Test func `a pass that is not needed first is given up when memory is used up`() async throws {
        let memory = MemoryBudget(bytes: 10)
        let api = try Scripted { _, _ in page(["AE1"]) }
        let source = api.events()
        let hold = memory.hold(isFirst: false)
        let error = try await failure { () throws(SourceError) in
            try await source.read(window(before: api.now), Pass(canSplit: true, urgency: .live, memory: hold))
        }
        #expect(error.kind == "noRoom")
    }

    // MARK: - Page sizes

    /// Answers 500 to pages of more than `limit` records.
    private static func heavy(_ limit: Int) throws -> Scripted {
        try Scripted { request, number in
            guard number > 1 else { return page([]) }
            let size = request.url.query?.split(separator: "PageSize=").last.flatMap { Int($0) } ?? 0
            return size > limit ? answer(500, #"{"code":20500,"message":"oops"}"#) : page(["AE1"])
        }
    }

    private static func sizes(_ api: Scripted) -> [String] {
        api.transport.requests.dropFirst().compactMap { $0.url.query?.split(separator: "&").last.map(String.init) }
    }

    @Test func `pages that are answered 500 are made smaller, for an hour`() async throws {
        let api = try Self.heavy(200)
        let source = api.events(pageSize: 1000)
        let first = try await source.read(window(before: api.now), pass())
        #expect(first.pages.count == 1)
        let tried = Self.sizes(api)
        let big = [String](repeating: "PageSize=1000", count: 6), half = [String](repeating: "PageSize=500", count: 6)
        #expect(tried == big + half + ["PageSize=100"])
        _ = try await source.read(window(before: api.now), pass())
        #expect(Self.sizes(api).count == 14)
        #expect(Self.sizes(api).last == "PageSize=100")
        api.clock.advance(by: .seconds(3600))
        _ = try await source.read(window(before: api.now), pass())
        #expect(Self.sizes(api).dropFirst(14).first == "PageSize=1000")
    }

    @Test func `where smaller pages do not help either, the error says so, and the size stays`() async throws {
        let api = try Self.heavy(0)
        let source = api.events(pageSize: 500)
        let error = try await failure { () throws(SourceError) in
            try await source.read(window(before: api.now), pass())
        }
        #expect(error.kind == "unavailable")
        #expect("\(error)".contains("oops") && "\(error)".contains("PageSize 500, 100"))
        _ = try await failure { () throws(SourceError) in try await source.read(window(before: api.now), pass()) }
        #expect(Self.sizes(api).dropFirst(12).first == "PageSize=500")
    }

    @Test func `other failures do not change the page size`() async throws {
        let api = try Scripted { _, number in number == 1 ? page([]) : answer(503) }
        let source = api.events(pageSize: 1000)
        _ = try await failure { () throws(SourceError) in try await source.read(window(before: api.now), pass()) }
        #expect(Set(Self.sizes(api)) == ["PageSize=1000"])
    }

    // MARK: - Seconds that are too full

    /// Events (or alerts) of whole seconds, listed as a server does that reads its bounds like `bounds` and has a cap of 3.
    private static func capped(
        _ counts: [Int: Int], _ bounds: (start: Bool, end: Bool), key: String, date: String
    ) throws -> (api: Scripted, base: Timestamp) {
        let base = VirtualClock().wallNow.rounded(downTo: .seconds(1)) - .seconds(100)
        let api = try Scripted { request, _ in
            let query = (request.url.query ?? "").replacing("%3A", with: ":")
            func bound(_ name: String) -> Timestamp? {
                query.split(separator: "&").first { $0.hasPrefix(name + "=") }
                    .flatMap { Timestamp(rfc3339: $0.dropFirst(name.count + 1).utf8) }
            }
            var records: [String] = []
            for (second, count) in counts.sorted(by: { $0.key > $1.key }) {
                let time = base + .seconds(second)
                guard let start = bound("StartDate"), let end = bound("EndDate"),
                    bounds.start ? time >= start : time > start, bounds.end ? time <= end : time < end
                else { continue }
                records += (0..<count).map { number in
                    let digits = String(format(second * 100 + number))
                    return #"{"sid":"XX\#(digits)","\#(date)":"\#(time.rfc3339Seconds)"}"#
                }
            }
            let body = records.prefix(3).joined(separator: ",")
            return answer(200, #"{"\#(key)":[\#(body)],"meta":{"next_page_url":null}}"#)
        }
        return (api, base)
    }

    private static func format(_ number: Int) -> String {
        let digits = String(number + 1_000_000)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    private static let readings = [(true, true), (false, false), (true, false), (false, true)]

    @Test(arguments: readings, [-1, 1])
    func `a dense neighbour does not make a gap, however bounds are read`(
        bounds: (Bool, Bool), neighbour: Int
    ) async throws {
        let (api, base) = try Self.capped([0: 2, neighbour: 40], bounds, key: "alerts", date: "date_generated")
        let source = AlertsSource(line: api.api.line(for: "alerts"), pageSize: 10, cap: 3)
        let contents = try await source.read(Window(from: base, to: base + .seconds(1)), pass(canSplit: false))
        #expect(contents.gap == nil)
        #expect(contents.sids(in: Window(from: base, to: base + .seconds(1))).count == 2)
        #expect(api.transport.requests.count <= 6)
    }

    @Test(arguments: readings)
    func `a second that is full by itself is a gap that says how many were listed`(bounds: (Bool, Bool)) async throws {
        let (api, base) = try Self.capped([0: 9], bounds, key: "events", date: "event_date")
        let source = api.events(pageSize: 10, cap: 3)
        let contents = try await source.read(Window(from: base, to: base + .seconds(1)), pass(canSplit: false))
        let gap = try #require(contents.gap)
        #expect(gap.contains("3 of it were listed") && gap.contains("events"))
        // The clock, and the one query that showed it.
        #expect(api.transport.requests.count == 2)
    }
}
