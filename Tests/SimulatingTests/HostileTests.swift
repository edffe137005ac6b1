import Foundation
import Simulating
import Testing

@Suite struct HostileTests {
    private func caller(_ fault: SimulatedFault, _ configure: (inout SimulatorOptions) -> Void = { _ in }) -> Caller {
        Caller { options in
            options.history = 30
            options.faults = [fault: 1]
            configure(&options)
        }
    }

    @Test func `an empty page is followed by the full one at the next look`() throws {
        let caller = caller(.emptyThenFull)
        for target in ["/v1/Events", "/v1/Services", "/2010-04-01/Accounts.json"] {
            let key = target.contains("Events") ? "events" : target.contains("Services") ? "services" : "accounts"
            for _ in 0..<2 {
                let first = try caller.json(target)
                #expect(first[key] == .array([]))
                #expect(try caller.json(target)[key]?.array?.isEmpty == false)
            }
        }
    }

    @Test func `an empty page with a next one leads to what it should have held`() throws {
        let caller = caller(.emptyWithNext)
        let page = try caller.json("/v1/Events?PageSize=10")
        #expect(page["events"] == .array([]))
        let next = try caller.path(try #require(page["meta"]?["next_page_url"]?.string))
        caller.twilio.setFault(.emptyWithNext, rate: 0)
        let truth = caller.twilio.truth(dataset: .events, at: epoch).map(\.sid)
        #expect(try caller.sids(next) == truth.reversed())
    }

    @Test(arguments: SimulatorOptions.Paging.allCases)
    func `rows repeat across pages, and none is left out`(_ paging: SimulatorOptions.Paging) throws {
        let caller = caller(.duplicateRows) { $0.paging = paging }
        let sids = try caller.sids("/v1/Events?PageSize=10")
        #expect(sids.count == 33)
        #expect(sids[9] == sids[10])
        #expect(Set(sids) == Set(caller.twilio.truth(dataset: .events, at: epoch).map(\.sid)))
    }

    @Test func `the next page can be the same again`() throws {
        let meta = try #require(try caller(.sameNext).json("/v1/Events?PageSize=10")["meta"])
        #expect(meta["next_page_url"] == meta["url"])
    }

    @Test func `a page can hold a record from outside the window`() throws {
        let caller = caller(.outsideWindow)
        let truth = caller.twilio.truth(dataset: .events, at: epoch)
        let second = TwilioTime.text(truth[20].date)
        let events = try caller.json("/v1/Events?StartDate=\(second)&EndDate=\(second)")["events"]?.array ?? []
        let outside = events.compactMap { $0["event_date"]?.string }.filter { $0 != second }
        #expect(outside.count == 1)
    }

    @Test func `good page tokens can be refused`() throws {
        let caller = caller(.tokenRefused)
        let page = try caller.json("/v1/Events?PageSize=10")
        let next = try caller.path(try #require(page["meta"]?["next_page_url"]?.string))
        #expect(try caller.json(next, status: 400)["code"] == .integer(21481))
    }

    @Test func `a 500 can be cured by a smaller page only`() throws {
        let caller = caller(.pageTooLarge) { $0.workingPageSize = 20 }
        for _ in 0..<3 { #expect(caller.answer("/v1/Events?PageSize=21").status == 500) }
        #expect(try caller.sids("/v1/Events?PageSize=20").count == 30)
    }

    @Test func `the Date header can jump both ways`() {
        let caller = caller(.dateJump)
        let dates = Set((0..<30).compactMap { _ in caller.answer("/v1/Events").header("Date") })
        #expect(dates == ["Sat, 21 Nov 2026 05:00:00 GMT", "Fri, 20 Nov 2026 19:00:00 GMT"])
    }

    @Test func `bodies can be huge, deep, HTML or late`() throws {
        let huge = caller(.hugeBody) { $0.hugeBodyBytes = 3_000_000 }.answer("/v1/Events?PageSize=10").body
        #expect(huge.count > 3_000_000)
        #expect(try JSONValue(huge)["events"]?.array?.count == 10)
        let deep = caller(.deepJSON).answer("/v1/Events?PageSize=10").body
        #expect(deep.count { $0 == UInt8(ascii: "[") } > 100_000)
        let html = caller(.htmlAnswer).answer("/v1/Events")
        #expect(html.status == 200)
        #expect(html.header("Content-Type") == "text/html")
        #expect(caller(.timeout).answer("/v1/Events").delivery == .slow(.seconds(600)))
        #expect(caller(.forbidden).answer("/v1/Events").status == 403)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/gzip"), "there is no /usr/bin/gzip"))
    func `a gzip bomb unpacks to what it promises`() throws {
        let size = 50_000_000
        let answer = caller(.gzipBomb) { $0.gzipBombBytes = size }.answer("/v1/Events")
        #expect(answer.header("Content-Encoding") == "gzip")
        #expect(answer.body.count < size / 1_000)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("bomb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(answer.body).write(to: file)
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
        gzip.arguments = ["-dc"]
        gzip.standardInput = try FileHandle(forReadingFrom: file)
        let complaints = Pipe()
        gzip.standardError = complaints
        let pipe = Pipe()
        gzip.standardOutput = pipe
        try gzip.run()
        let unpacked = pipe.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        // All of it is well formed but for the checksum, upon which gzip keeps its last 32 KiB back.
        let complaint = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(complaint.contains("crc error") && !complaint.contains("length error"))
        #expect((size - 32_768...size + 1_300).contains(unpacked.count))
        #expect(unpacked.allSatisfy { $0 == UInt8(ascii: " ") })
    }

    @Test func `elsewhere can be somewhere`() throws {
        let origin = "http://127.0.0.1:9"
        let answer = caller(.redirect) { $0.elsewhereOrigin = origin }.answer("/v1/Events")
        #expect(answer.header("Location") == origin + "/v1/Events")
        let page = try caller(.nextElsewhere) { $0.elsewhereOrigin = origin }.json("/v1/Alerts")
        #expect(page["meta"]?["next_page_url"]?.string?.hasPrefix(origin + "/v1/Alerts?") == true)
    }

    @Test func `an incident lasts for its time and concerns its own`() {
        var caller = Caller { options in
            options.accounts = 2
            options.incidents = [
                Incident(.unavailable, from: epoch + 1_000, until: epoch + 7_201_000, endpoint: .events),
                Incident(
                    .tooMany, from: epoch + 1_000, until: epoch + 2_000,
                    account: "AC00000000000000000000000000000002", retryAfter: .seconds(7)),
            ]
        }
        var other = caller
        (other.user, other.password) = (caller.twilio.accounts[1].sid, caller.twilio.accounts[1].authToken)
        func statuses(_ time: Int64) -> [Int] {
            caller.now = epoch + time
            other.now = epoch + time
            return [
                caller.answer("/v1/Events").status, caller.answer("/v1/Alerts").status,
                caller.answer(caller.logs()).status, other.answer("/v1/Alerts").status,
            ]
        }
        #expect(statuses(999) == [200, 200, 200, 200])
        #expect(statuses(1_000) == [503, 200, 200, 429])
        #expect(other.answer("/v1/Alerts").header("Retry-After") == "7")
        #expect(statuses(7_200_999) == [503, 200, 200, 200])
        #expect(statuses(7_201_000) == [200, 200, 200, 200])
    }

    @Test func `incidents and storms are begun and ended while it runs`() {
        var caller = Caller()
        #expect(caller.post("/control/incident?name=reset&in=1s&for=2s&endpoint=alerts").status == 200)
        #expect(caller.answer("/v1/Alerts").delivery == .whole)
        caller.now += 1_500
        #expect(caller.answer("/v1/Alerts").delivery == .reset)
        #expect(caller.answer("/v1/Events").delivery == .whole)
        caller.twilio.begin(Incident(.unauthorized, share: 0.5))
        let refused = (0..<200).count { _ in caller.answer("/v1/Events").status == 401 }
        #expect((60...140).contains(refused))
        caller.twilio.storm(for: .seconds(3_600), retryAfter: .seconds(11), at: caller.now)
        #expect(caller.answer("/v1/Events").header("Retry-After") == "11")
        #expect(caller.post("/control/end-incidents").status == 200)
        #expect(caller.answer("/v1/Alerts").delivery == .whole)
        for bad in [
            "name=x&for=1s", "name=slow", "name=slow&for=1s&share=2", "name=slow&for=1s&endpoint=x",
            "name=slow&for=1s&account=AC1",
        ] {
            #expect(caller.post("/control/incident?" + bad).status == 400)
        }
    }
}

/// Dates of whole seconds, as events have them.
enum TwilioTime {
    static func text(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).ISO8601Format()
    }
}
