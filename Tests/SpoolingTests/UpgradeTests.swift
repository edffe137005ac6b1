import Foundation
import GRDB
import PipelineCore
import Spooling
import Testing

/// State that a machine brings along from the first version.
@Suite struct UpgradeTests {
    /// A segment of the first version: the records 1 and 2 of `TestRecord`, dated 1 s and 2 s after 1970 began.
    private static let segment =
        """
        VFdGMdH+FK0NAgAAAgAAAAEAAAAAAAAAAAAAAD0AAABwcm9kdWN0aW9uAEFDMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDEAbW9uaXRv
        ci5ldmVudHMA3QAAAJcAAABHAQAALAAAAAQBAAAiAAAAMAEAAA8AAADoAwAAAAAAAAUAAAAAAAAAAAAAAAAAAAABAAAAAAAAAHUBAACXAAAA3wEA
        ACwAAACcAQAAIgAAAMgBAAAPAAAA0AcAAAAAAAAFAAAAAAAAAAAAAAAAAAAAAgAAAAAAAAB7InNjaGVtYSI6InR3aWxzaGlwLmVudmVsb3BlLnYx
        IiwiaWQiOiJBRTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxIiwidHlwZSI6ImFjY291bnQudXBkYXRlZCIsInJhdyI6eyJzaWQiOiJB
        RTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxIn19Cnsic2NoZW1hIjoidHdpbHNoaXAuZW52ZWxvcGUudjEiLCJpZCI6IkFFMDAwMDAw
        MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDIiLCJ0eXBlIjoiYWNjb3VudC51cGRhdGVkIiwicmF3Ijp7InNpZCI6IkFFMDAwMDAwMDAwMDAwMDAw
        MDAwMDAwMDAwMDAwMDAwMDIifX0K
        """

    /// What the first version would have in its database after that append.
    private static let rows = """
        INSERT INTO property VALUES ('written_by', '1.0.0'), ('next_sequence', '3'), ('runtime', '{"version":"1.0.0"}');
        INSERT INTO stream VALUES (7, 'AC00000000000000000000000000000001', 'monitor.events', 'monitor.twilio.com', '',
            '', 'production', 0, x'0000000000000000E803000000000000000000000000000000', 2000,
            'AE00000000000000000000000000000002');
        INSERT INTO segment VALUES (1, 525, 2, 1700000000000, 1700000000000);
        INSERT INTO frame VALUES (1, 2, 1, 0, 525, 7, 0, 1700000000000, 0, 1000, 'RQtest');
        INSERT INTO ledger VALUES (1, 7, 1000, 2000, 0, 2, 2000,
            x'0000000000000000000000000000000100000000000000000000000000000002', 1, 2);
        INSERT INTO ledger_day VALUES (7, 3, 40, x'00000000000000000000000000000009');
        INSERT INTO gap VALUES (7, 5000, 6000, 'the cap was filled', 1700000000000);
        INSERT INTO sink VALUES ('siem', 1, 0, 1, 0, 1700000000000, NULL);
        INSERT INTO sink_state VALUES ('siem', 'a', x'01');
        INSERT INTO delivery VALUES ('siem', 1, 1, 1, '', 1700000000000);
        INSERT INTO usage VALUES ('2023-11-14', 7, 5, 4, 2);
        """

    private func writeFirstVersion() throws {
        let directory = Fixture.directory
        try FileManager.default.createDirectory(atPath: directory.spoolPath, withIntermediateDirectories: true)
        let segment = try #require(Data(base64Encoded: Self.segment, options: .ignoreUnknownCharacters))
        try segment.write(to: URL(fileURLWithPath: directory.segmentPath(1)))
        let queue = try DatabaseQueue(path: directory.databasePath)
        try Migrations.all.migrate(queue, upTo: "v1")
        try queue.write { try $0.execute(sql: Self.rows) }
        try queue.close()
    }

    @Test func `everything of the first version is there after the upgrade, and goes on`() async throws {
        try await withSpool { open in
            try writeFirstVersion()
            let spool = try open("2.0.0")
            #expect(try await spool.lines(after: 0) == [TestRecord(1).line, TestRecord(2).line])
            let records = try await spool.read(after: 0, maximumRecords: 10, maximumBytes: .max)
            #expect(records.map(\.target) == [nil, nil])
            #expect(try await spool.attach([("siem", .now)]) == ["siem": 1])
            #expect(try await spool.stateStore(of: "siem").load() == ["a": [1]])
            let place = try await spool.testPlace()
            #expect(place.coverage.intervals.map(\.window) == [Advance.window(0)])
            #expect(place.length == nil)
            let candidates = [TestRecord(1, at: 1000), TestRecord(2, at: 2000), TestRecord(3, at: 2000)]
            #expect(try await spool.known(candidates.map(\.item), in: place.id) == [0, 1])
            try await spool.append(.test(place.id, [TestRecord(3, at: 3000)], window: 3))
            #expect(await spool.lastSequence == 3)

            let summary = try spool.summary()
            #expect(summary.writtenBy == "2.0.0")
            #expect(summary.gaps.map(\.reason) == ["the cap was filled"])
            #expect(summary.gapCount == 1)
            let stream = try #require(summary.streams.first)
            #expect((stream.requestsToday, stream.recordsReadToday, stream.takenToday) == (6, 5, 3))
            #expect(stream.taken == 43)
            #expect((stream.names, stream.retiredAt, stream.length) == (StreamNames(), nil, nil))
            #expect(stream.lateness.isEmpty)
            let history = try #require(try StateReader(spool.testDirectory).explain(sid: TestRecord(1).sid).first)
            guard case .delivered(_, attempts: 1) = history.deliveries.first?.state else {
                Issue.record("siem has it")
                return
            }
        }
    }

    @Test func `state that no service has brought up to date yet says so to a reader`() async throws {
        try await withSpool { open in
            try writeFirstVersion()
            let directory = Fixture.directory
            #expect {
                _ = try StateReader(directory)
            } throws: { error in
                "\(error)".contains("written by twilship 1.0.0 and not yet brought up to date")
            }
            let spool = try open("2.0.0")
            #expect(try spool.summary().streams.count == 1)
        }
    }
}
