import Parsing
import PipelineCore
import PipelineTestKit
import Simulating
import Testing
import Transport
import TwilioSources

@Suite struct SourcesTests {
    private static let span = Window(
        from: Timestamp(milliseconds: SimulatedAPI.start - 60_000), to: Timestamp(milliseconds: SimulatedAPI.start))

    private static func full() throws -> SimulatedAPI {
        try SimulatedAPI { options in
            options.history = 300
            options.alerts = 300
            options.historySpan = .seconds(60)
            options.environments = 1
        }
    }

    @Test(arguments: [SimulatedDataset.events, .alerts, .logs])
    func `every record of a window is read`(dataset: SimulatedDataset) async throws {
        let twilio = try Self.full()
        let line = twilio.api.line(for: "x")
        let source: any Source =
            switch dataset {
            case .events: MonitorEventsSource(line: line, pageSize: 50)
            case .alerts: AlertsSource(line: line, pageSize: 50)
            case .logs: twilio.logs(pageSize: 50, cap: 10_000)
            }
        #expect(source.tick == .seconds(1))
        let contents = try await source.read(Self.span, pass())
        #expect(contents.gap == nil)
        #expect(contents.sids(in: Self.span) == twilio.truth(dataset, in: Self.span))
        #expect(contents.sids(in: Self.span).count > 250)
        #expect(contents.readAt <= Timestamp(milliseconds: SimulatedAPI.start) + .seconds(1))
        twilio.expectDocumentedRequests()
    }

    @Test func `the cap in mid-paging splits the window, or is a gap where it cannot be split`() async throws {
        let twilio = try SimulatedAPI { options in
            options.alertsCap = 100
            options.pileUps = [PileUp(dataset: .alerts, at: SimulatedAPI.start - 10_000, count: 250)]
        }
        let source = AlertsSource(line: twilio.api.line(for: "x"), pageSize: 20, cap: 100)
        let error = try await failure { () throws(SourceError) in try await source.read(twilio.second(10), pass()) }
        #expect(error.kind == "tooMuch" && "\(error)".contains("Invalid page and pageSize combination"))
        let contents = try await source.read(twilio.second(10), pass(canSplit: false))
        let gap = try #require(contents.gap)
        #expect(gap.contains("100 of it were listed and are kept"))
        #expect(contents.sids(in: twilio.second(10)).count == 100)
        twilio.expectDocumentedRequests()
    }

    @Test func `one record is fetched by its SID`() async throws {
        let twilio = try Self.full()
        let lookup = RecordLookup(line: twilio.api.line(for: "fetch"))
        func first(_ dataset: SimulatedDataset) throws -> String {
            try #require(twilio.truth(dataset, in: Self.span).min())
        }
        let (event, alert, log) = (try first(.events), try first(.alerts), try first(.logs))
        let pages = [
            try await lookup.event(event), try await lookup.alert(alert),
            try await lookup.log(log, serviceSID: twilio.service.sid, environmentSID: twilio.environment.sid),
        ]
        #expect(pages.map(\.records.count) == [1, 1, 1])
        #expect(
            pages.compactMap { $0[0].token(EventField.sid).flatMap { JSONString.text($0) } } == [event, alert, log])
        twilio.expectDocumentedRequests()
    }

    @Test func `a record that is not there is gone, and what is no SID is never asked for`() async throws {
        let twilio = try Self.full()
        let lookup = RecordLookup(line: twilio.api.line(for: "fetch"))
        let missing = "AE" + String(repeating: "0", count: 32)
        let error = try await failure { () throws(SourceError) in try await lookup.event(missing) }
        #expect(error.kind == "gone")
        let made = twilio.transport.requests.count
        for text in ["", "AE", "AE/../../x", "NO" + String(repeating: "0", count: 32), missing + "?", missing + "\n"] {
            let error = try await failure { () throws(SourceError) in try await lookup.event(text) }
            #expect(error.kind == "refused")
        }
        #expect(twilio.transport.requests.count == made)
    }
}
