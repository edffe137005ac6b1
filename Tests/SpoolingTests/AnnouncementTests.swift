import Foundation
import GRDB
import PipelineCore
import Spooling
import Testing

@Suite struct AnnouncementTests {
    private struct Facts: Encodable {
        var sinkName = "siem"
        var missing: String?
    }

    private static func announcement(_ kind: Announcement.Kind = .started) throws -> Announcement {
        try Announcement(
            kind, .notice, account: "production", accountSID: TestRecord.account, message: "it is so", facts: Facts(),
            at: Fixture.clock.now)
    }

    /// A line for each announcement, as good as an envelope here.
    private static func records(_ announcements: [Announcement]) -> [Spool.OwnRecords] {
        announcements.map { announcement in
            var block = EnvelopeBlock()
            block.bytes = Array("\(announcement.id) \(announcement.kind.rawValue) \(announcement.facts)\n".utf8)
            let end = block.bytes.count - 1
            block.entries = [
                EnvelopeBlock.Entry(
                    line: 0..<end, raw: 0..<0, id: 0..<34, type: 35..<35 + announcement.kind.rawValue.utf8.count,
                    time: announcement.time, severity: announcement.severity,
                    identity: RecordIdentity(sid: announcement.id.utf8) ?? RecordIdentity(high: 0, low: 0))
            ]
            return Spool.OwnRecords(account: announcement.account, accountSID: announcement.accountSID, block: block)
        }
    }

    private static func tell(_ spool: Spool) async throws -> [Announcement] {
        let waiting = try await spool.announcements()
        try await spool.append(Self.records(waiting), telling: waiting)
        return waiting
    }

    @Test func `what is announced survives a restart and becomes one record`() async throws {
        try await withSpool { open in
            do { try await open().announce(Self.announcement()) }
            let spool = try open()
            let told = try await Self.tell(spool)
            #expect(told.map(\.kind) == [.started])
            #expect(told[0].facts == #"{"sink_name":"siem"}"#)
            #expect(told[0].id.wholeMatch(of: #/TW[0-9a-f]{32}/#) != nil)
            #expect(try await spool.announcements().isEmpty)
            let records = try await spool.read(after: 0, maximumRecords: 9, maximumBytes: .max)
            #expect(records.map(\.id) == [told[0].id])
            #expect(records[0].origin.dataset == .twilship)
            #expect(records[0].origin.account == "production")
        }
    }

    @Test func `a gap is told once, however often it is found and the spool opened`() async throws {
        try await withSpool { open in
            let gap = Advance.Gap(window: Advance.window(3), reason: "there were too many")
            do {
                let spool = try open()
                let stream = try await spool.testStream()
                try await spool.append(.test(stream, [], gap: gap))
                try await spool.append(.test(stream, [], gap: gap))
            }
            let spool = try open()
            let told = try await Self.tell(spool)
            #expect(told.map(\.kind) == [.gap])
            #expect(told.map(\.severity) == [.critical])
            #expect(told[0].account == "production")
            #expect(told[0].message.contains("from 1970-01-01T00:00:03.000Z to 1970-01-01T00:00:04.000Z"))
            let facts = try #require(
                try JSONSerialization.jsonObject(with: Data(told[0].facts.utf8)) as? [String: Any])
            #expect(facts["stream"] as? String == "\(TestRecord.account)/monitor.events")
            #expect(facts["from"] as? String == "1970-01-01T00:00:03.000Z")
            #expect(facts["to"] as? String == "1970-01-01T00:00:04.000Z")
            #expect(facts["reason"] as? String == "there were too many")
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, [], gap: gap))
            #expect(try await spool.announcements().isEmpty)
        }
    }

    @Test func `an account that goes away leaves a gap that is told`() async throws {
        try await withSpool { open in
            let spool = try open()
            _ = try await spool.testStream()
            _ = try await spool.retire(accountSID: TestRecord.account, reason: "it is closed")
            let told = try await Self.tell(spool)
            #expect(told.map(\.kind) == [.gap])
            #expect(told[0].facts.contains(#""stream_is_gone":true"#))
        }
    }

    @Test func `dead letters of a sink and account are one announcement, and those of our own are none`() async throws {
        try await withSpool { open in
            let spool = try open()
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, (0..<3).map { TestRecord($0) }))
            try await spool.announce(Self.announcement())
            _ = try await Self.tell(spool)
            _ = try await spool.attach([("siem", .oldest)])
            let records = try await spool.read(after: 0, maximumRecords: 9, maximumBytes: .max)
            #expect(records.count == 4)
            try await spool.settle(
                Settlement(
                    sink: "siem", sequences: 1...4,
                    rejected: records.map { Settlement.Rejection(record: $0, reason: "400: no", attempts: 2) },
                    attempts: 2))
            let told = try await Self.tell(spool)
            #expect(told.map(\.kind) == [.deadLetter])
            #expect(told[0].facts.contains(#""count":3"#))
            #expect(told[0].facts.contains(#""sink":"siem""#))
            #expect(told[0].facts.contains(#""record_id":"\#(TestRecord(0).sid)""#))
            #expect(try await spool.announcements().isEmpty)
        }
    }

    @Test func `records of our own are in no ledger, keep nobody waiting, and can be explained`() async throws {
        try await withSpool { open in
            let spool = try open()
            _ = try await spool.attach([("siem", .oldest)])
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, [TestRecord(1)]))
            try await spool.announce(Self.announcement())
            let told = try await Self.tell(spool)
            #expect(await spool.lastSequence == 2)
            #expect(await spool.lastCollectedSequence == 1)
            #expect(try await spool.backlogs() == ["siem": 1])
            try await spool.settle(Settlement(sink: "siem", sequences: 1...1, attempts: 1))
            #expect(try await spool.isAnythingWaiting() == false)
            #expect(try spool.summary().streams.map(\.taken) == [1])
            let history = try #require(try StateReader(Fixture.directory).explain(sid: told[0].id).first)
            #expect(history.dataset == .twilship)
            #expect(history.sequence == 2)
            // Also after a restart.
            #expect(try await spool.spans(after: 0, limit: 9).count == 2)
        }
    }

    @Test func `what does not fit waits until there is room`() async throws {
        try await withSpool(SpoolOptions(maximumBytes: 600_000, retain: .seconds(3600), segmentBytes: 100_000)) {
            open in
            let spool = try open()
            _ = try await spool.attach([("siem", .oldest)])
            let stream = try await spool.testStream()
            try await spool.append(.test(stream, (0..<200).map { TestRecord($0) }))
            try await spool.announce(Self.announcement())
            let waiting = try await spool.announcements()
            // More than the spool holds.
            let many = try (0..<5000).map { _ in try Self.announcement(.heartbeat) }
            await #expect(throws: SpoolError.self) {
                try await spool.append(Self.records(waiting + many), telling: waiting)
            }
            #expect(await spool.lastSequence == 200)
            #expect(try await spool.announcements().map(\.kind) == [.started])
            #expect(try await Self.tell(spool).map(\.kind) == [.started])
            #expect(try await spool.announcements().isEmpty)
        }
    }

    @Test func `the next start knows how the last service ended`() async throws {
        try await withSpool { open in
            let begin = { (spool: Spool) async throws -> [String] in
                try await spool.announceStart { previous in
                    try Announcement(
                        .started, .notice, message: previous.rawValue, facts: Facts(), at: Timestamp(milliseconds: 0))
                }
                return try await Self.tell(spool).map(\.message)
            }
            do { #expect(try await begin(open()) == ["none"]) }
            do {
                let spool = try open()
                #expect(try await begin(spool) == ["died"])
                try await spool.announceStop(Self.announcement(.stopped))
            }
            #expect(try await begin(open()) == ["it is so", "stopped"])
        }
    }

    @Test func `a failure that was told is remembered until its end is told`() async throws {
        try await withSpool { open in
            let since = Timestamp(milliseconds: 5000)
            do { try await open().announceFailure(Self.announcement(.streamFailing), of: "a stream", since: since) }
            let spool = try open()
            #expect(try await spool.announcedFailures() == ["a stream": since])
            try await spool.announceRecovery(Self.announcement(.streamRecovered), of: "a stream")
            #expect(try await spool.announcedFailures().isEmpty)
            #expect(try await Self.tell(spool).map(\.kind) == [.streamFailing, .streamRecovered])
        }
    }

    @Test func `a command is told with who gave it, and words that others chose are bounded`() async throws {
        try await withSpool { open in
            let spool = try open()
            try await spool.announceCommand(
                "checkpoint set", arguments: ["to": String(repeating: "x", count: 5000)], uid: 1001)
            let told = try await Self.tell(spool)
            #expect(told.map(\.kind.rawValue) == ["twilship.operator"])
            #expect(told[0].kind.action == "operator")
            #expect(told[0].facts.contains(#""uid":1001"#))
            #expect(told[0].facts.contains(#""by":"command""#))
            #expect(told[0].facts.utf8.count < 1200)
            #expect(told[0].message.utf8.count < 1100)
        }
    }
}
