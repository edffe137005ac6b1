import Foundation
import PipelineCore
import Testing

@testable import Sinks

/// What every sink has to do, whatever the other end does.
///
/// - What is accepted is there; only best effort may err, where the table says `unnoticed`.
/// - A bad end never costs a record: none is rejected for it.
/// - Why not is said, with the place.
/// - When the end is good again, the same batch arrives through the same sink, with nobody touching it.
///
/// A new sink gets a column in the table and an end in `SinkEnd`; see the page "Adding a sink".
@Suite(.timeLimit(.minutes(5))) struct SinkConformanceTests {
    static let table = """
                              | tcp     | tls     | relp    | relp+tls | udp       | unix    | webhook | splunk  | elastic | file    | stdout  | journal
        good                  | arrives | arrives | arrives | arrives  | arrives   | arrives | arrives | arrives | arrives | arrives | arrives | -
        slow                  | arrives | arrives | arrives | arrives  | -         | arrives | arrives | arrives | arrives | -       | arrives | -
        nobody listens        | retry   | retry   | retry   | retry    | retry     | retry   | retry   | retry   | retry   | -       | retry   | retry
        refusing              | -       | -       | retry   | retry    | -         | -       | hold    | hold    | hold    | retry   | retry   | -
        hanging               | retry   | retry   | retry   | retry    | unnoticed | retry   | retry   | retry   | retry   | -       | retry   | -
        resetting             | retry   | retry   | retry   | retry    | -         | -       | retry   | retry   | retry   | -       | -       | -
        garbage               | arrives | retry   | retry   | retry    | arrives   | -       | retry   | retry   | retry   | -       | -       | -
        unknown authority     | -       | hold    | -       | hold     | -         | -       | hold    | hold    | hold    | -       | -       | -
        another's certificate | -       | hold    | -       | hold     | -         | -       | hold    | hold    | hold    | -       | -       | -
        expired certificate   | -       | hold    | -       | hold     | -         | -       | hold    | hold    | hold    | -       | -       | -
        unknown name          | retry   | retry   | retry   | retry    | retry     | -       | retry   | retry   | retry   | -       | -       | -
        coming back           | retry   | retry   | retry   | retry    | retry     | retry   | retry   | retry   | retry   | -       | -       | -
        """

    struct Case: Sendable, CustomTestStringConvertible {
        let kind: SinkKind
        let behaviour: EndBehaviour
        let outcome: ExpectedOutcome

        var testDescription: String { "\(kind.rawValue), \(behaviour.rawValue): \(outcome.rawValue)" }
    }

    private static let rows: [[String]] = table.split(separator: "\n").map { row in
        row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    static let cases: [Case] = {
        let kinds = rows[0].dropFirst().compactMap(SinkKind.init(rawValue:))
        return rows.dropFirst().flatMap { row -> [Case] in
            guard let behaviour = EndBehaviour(rawValue: row[0]) else { return [] }
            return zip(kinds, row.dropFirst()).compactMap { kind, word in
                guard let outcome = ExpectedOutcome(rawValue: word), outcome != .none else { return nil }
                return Case(kind: kind, behaviour: behaviour, outcome: outcome)
            }
        }
    }()

    @Test func `the table has a column for each kind, a row for each behaviour, and no other words`() {
        #expect(Array(Self.rows[0].dropFirst()) == SinkKind.allCases.map(\.rawValue))
        #expect(Self.rows.dropFirst().map { $0[0] } == EndBehaviour.allCases.map(\.rawValue))
        for row in Self.rows.dropFirst() {
            #expect(row.count == Self.rows[0].count)
            #expect(row.dropFirst().allSatisfy { ExpectedOutcome(rawValue: $0) != nil }, "\(row)")
        }
    }

    @Test(arguments: cases)
    func `each sink does with each end what the table says`(_ expected: Case) async throws {
        let end = try SinkEnds.end(expected.kind)
        let (first, batch) = expected.batches
        let isBackLater = expected.behaviour == .comingBack
        try await end.become(isBackLater ? .good : expected.behaviour, records: batch.records.count)
        try await end.withSink(for: expected.behaviour) { sink in
            if isBackLater {
                let delivery = await sink.deliver(first)
                #expect(delivery.isAccepted)
                try await eventually("the first batch") { end.received == first.ids }
                try await end.become(.nobodyListens, records: 0)
            }
            let delivery = await expected.deliver(batch, to: sink)
            try await expected.check(delivery, of: batch, at: end, sink)
            guard expected.outcome != .arrives, end.canRecover else { return }
            try await end.become(.good, records: batch.records.count)
            // What was not answered may have arrived, and then comes twice; nothing is missing.
            let due = Set(batch.ids)
            let limit = ContinuousClock.now + .seconds(60)
            while true {
                let again = await sink.deliver(batch)
                #expect(again.rejections.isEmpty)
                if again.isAccepted {
                    if sink.guarantee != .bestEffort {
                        try await eventually("every record") { due.isSubset(of: end.received) }
                    }
                    if due.isSubset(of: end.received) { return }
                }
                guard ContinuousClock.now < limit else {
                    Issue.record("still \(again); \(due.subtracting(end.received).count) records are missing")
                    return
                }
                // The other end's threads get a turn.
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        await end.stop()
    }
}

extension SinkConformanceTests.Case {
    /// Where nobody answers, a hanging end is only felt when the kernels on both sides are full.
    fileprivate var batches: (Batch, Batch) {
        let first = Batch(records: SpooledRecord.envelopes(1...5), key: "first")
        let records =
            switch behaviour {
            case .hanging where kind.isUnanswered && kind != .udp: SpooledRecord.envelopes(11...3010, padding: 4000)
            case .slow where !kind.isHTTP: SpooledRecord.envelopes(11...1010, padding: 600)
            default: SpooledRecord.envelopes(11...30)
            }
        return (first, Batch(records: records, key: "second"))
    }

    /// Of a datagram that nobody takes the sender learns later, if at all.
    fileprivate func deliver(_ batch: Batch, to sink: any Sink) async -> Delivery {
        var delivery = await sink.deliver(batch)
        guard kind == .udp, outcome == .retry else { return delivery }
        for _ in 1...200 where delivery.isAccepted { delivery = await sink.deliver(batch) }
        return delivery
    }

    fileprivate func check(_ delivery: Delivery, of batch: Batch, at end: any SinkEnd, _ sink: any Sink) async throws {
        #expect(delivery.rejections.isEmpty)
        switch outcome {
        case .arrives:
            try #require(delivery.isAccepted, "\(delivery)")
            try await eventually("\(batch.ids.count) records; \(end.received.count) came") {
                end.received.count >= batch.ids.count
            }
            expectSame(end.received, batch.ids)
        case .unnoticed:
            #expect(delivery.isAccepted && sink.guarantee == .bestEffort)
            #expect(end.received.isEmpty)
        case .hold:
            let reason = try #require(delivery.holdReason, "\(delivery)")
            #expect(reason.contains(end.place))
            #expect(end.received.isEmpty)
            if behaviour.isAboutCertificates {
                #expect(reason.contains("was refused, nothing was sent") && reason.contains("ca_file"))
            }
        case .retry:
            let reasons = delivery.retryReasons
            #expect(!reasons.isEmpty && reasons.allSatisfy { $0.contains(end.place) }, "\(delivery)")
        case .none: break
        }
    }
}

extension Batch {
    fileprivate var ids: [String] { records.map(\.id) }
}

extension Delivery {
    fileprivate var rejections: [Verdict] {
        verdicts.filter { if case .rejected = $0 { true } else { false } }
    }

    /// Why it is tried again: of the batch, or of each record that was not accepted.
    fileprivate var retryReasons: [String] {
        switch self {
        case .retry(_, let reason), .fault(_, let reason): [reason]
        case .perRecord(let verdicts):
            verdicts.compactMap { if case .retry(_, let reason) = $0 { reason } else { nil } }
        default: []
        }
    }
}
