import Foundation
import PipelineCore
import Synchronization
import Testing
import Transport

@testable import Sinks

/// Splunk's indexer acknowledgement, from the 200 to the last question.
@Suite(.timeLimit(.minutes(2))) struct HTTPSplunkAcknowledgementTests {
    @Test func `a batch is handed over with the 200 and accepted with the acknowledgement`() async throws {
        let splunk = FakeSplunk()
        splunk.change { $0.isIndexing = false }
        let events = Mutex<[String]>([])
        try await withSplunk { _ in
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, collector in
            let delivery = await sink.deliver(.sample()) {
                events.withLock { $0.append("handed over") }
                splunk.change { $0.isIndexing = true }
            }
            #expect(delivery.kind == "accepted")
            #expect(events.withLock { $0 } == ["handed over"])
            // One channel, and the same for questions.
            let channels = Set(collector.requests.map { $0["X-Splunk-Request-Channel"] })
            #expect(channels.count == 1)
            let channel = try #require(channels.first ?? nil)
            #expect(UUID(uuidString: channel) != nil)
            let question = try #require(collector.requests.last)
            #expect(question.target == "/services/collector/ack?channel=\(channel)")
            #expect(question.text == #"{"acks":[0]}"#)
            #expect(question["Content-Encoding"] == nil)
        }
    }

    @Test func `one question asks for all that are due`() async throws {
        let splunk = FakeSplunk()
        splunk.change { $0.isIndexing = false }
        try await withSplunk { _ in
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, _ in
            await withTaskGroup(of: Delivery.self) { group in
                for number in 1...8 {
                    group.addTask {
                        await sink.deliver(.sample(1...2, key: "\(number)")) {
                            splunk.change { state in
                                state.handedOver += 1
                                state.isIndexing = state.handedOver == 8
                            }
                        }
                    }
                }
                for await delivery in group { #expect(delivery.kind == "accepted") }
            }
            #expect(splunk.events == 8)
            #expect(splunk.largestQuestion == 8)
        }
    }

    @Test func `what is not acknowledged within two minutes is sent again`() async throws {
        let splunk = FakeSplunk()
        splunk.change { $0.isIndexing = false }
        let clock = HastyClock()
        try await withSink(clock: clock) {
            $0.preset = .splunk(SplunkOptions(host: "h"))
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, _ in
            let start = clock.monotonicNow
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "retry")
            #expect(delivery.words.contains("did not acknowledge it within 120.0 seconds"))
            #expect(delivery.words.contains("may hold it twice"))
            let waited = start.duration(to: clock.monotonicNow)
            #expect(waited >= .seconds(120) && waited < .seconds(130))
            // Afterwards it goes on.
            splunk.change { $0.isIndexing = true }
            let next = await sink.deliver(.sample())
            #expect(next.kind == "accepted")
        }
    }

    @Test func `an acknowledgement that is lost on the way makes the batch come again`() async throws {
        let splunk = FakeSplunk()
        try await withSplunk { _ in
        } answering: { request, _ in
            let answer = splunk.answer(request)
            // Splunk tells of an acknowledgement once; here the answer that tells of it does not arrive.
            return answer.bytes.count > 0 && String(decoding: answer.bytes, as: UTF8.self).contains("true")
                ? .init(raw: "HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{", then: .close) : answer
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "retry")
        }
    }

    @Test func `why questions are not answered is said`() async throws {
        try await withSplunk { _ in
        } answering: { request, _ in
            request.target.contains("/ack")
                ? .init(502, "bad gateway") : .init(200, #"{"text":"Success","code":0,"ackId":0}"#)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "retry")
            #expect(delivery.words.contains(#"answered 502: "bad gateway""#))
        }
    }

    @Test func `after a restart of the collector nothing old counts as acknowledged`() async throws {
        let splunk = FakeSplunk()
        splunk.change { $0.isIndexing = false }
        try await withSplunk { _ in
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, collector in
            async let waiting = sink.deliver(.sample(key: "first")) { splunk.change { $0.handedOver = 1 } }
            while splunk.handedOver == 0 { await Task.yield() }
            // It forgets the batch and numbers from 0 again.
            splunk.change { state in
                state.next = 0
                state.due = []
                state.isIndexing = true
            }
            let second = await sink.deliver(.sample(key: "second"))
            #expect(second.kind == "retry")
            #expect(second.words.contains("began anew"))
            let forgotten = await waiting
            #expect(forgotten.kind == "retry")
            let third = await sink.deliver(.sample(key: "third"))
            #expect(third.kind == "accepted")
            // On a channel of its own, so that numbers mean one batch.
            let posts = collector.requests.filter { $0.target.hasSuffix("/event") }
            #expect(posts[0]["X-Splunk-Request-Channel"] == posts[1]["X-Splunk-Request-Channel"])
            #expect(posts[1]["X-Splunk-Request-Channel"] != posts[2]["X-Splunk-Request-Channel"])
        }
    }

    @Test func `an acknowledgement counts once nothing is on its way that it could be of`() throws {
        let channel = SplunkChannel()
        let first = try #require(channel.claim(0, channel.ticket()))
        let second = channel.ticket()
        channel.answer([0], of: try #require(channel.question()).generation, trouble: nil)
        #expect(channel.status(of: first) == .due)
        // Its number shows that the collector goes on.
        let next = try #require(channel.claim(1, second))
        #expect(channel.status(of: first) == .acknowledged)

        let third = channel.ticket()
        channel.answer([1], of: try #require(channel.question()).generation, trouble: nil)
        #expect(channel.claim(0, third) == nil)
        #expect(channel.status(of: next) == .lost)
    }

    @Test func `of a request that nobody answered, the next one that is answered tells`() throws {
        let channel = SplunkChannel()
        let first = try #require(channel.claim(0, channel.ticket()))
        channel.fail(channel.ticket(), isAnswered: false)
        channel.answer([0], of: try #require(channel.question()).generation, trouble: nil)
        #expect(channel.status(of: first) == .due)
        let second = try #require(channel.claim(2, channel.ticket()))
        #expect(channel.status(of: first) == .acknowledged)
        // A refusal took nothing, and has no number.
        let refused = channel.ticket()
        channel.answer([2], of: try #require(channel.question()).generation, trouble: nil)
        #expect(channel.status(of: second) == .due)
        channel.fail(refused, isAnswered: true)
        #expect(channel.status(of: second) == .acknowledged)
    }

    @Test func `a token that does not acknowledge holds the sink before anything is indexed twice`() async throws {
        let splunk = FakeSplunk()
        splunk.change { $0.acknowledges = false }
        try await withSplunk { _ in
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, _ in
            for _ in 0..<3 {
                let delivery = await sink.deliver(.sample())
                #expect(delivery.kind == "hold")
                #expect(delivery.words.contains("ack = false"))
            }
            #expect(splunk.events == 0)
            splunk.change { $0.acknowledges = true }
            let delivery = await sink.deliver(.sample())
            #expect(delivery.kind == "accepted")
        }
    }

    @Test func `a success without a number holds the sink`() async throws {
        try await withSplunk { _ in
        } answering: { request, _ in
            request.target.contains("/ack") ? .init(200, #"{"acks":{}}"#) : .init(200, #"{"text":"Success","code":0}"#)
        } _: { sink, _ in
            let delivery = await sink.deliver(.sample()) { Issue.record("nothing was handed over") }
            #expect(delivery.kind == "hold")
        }
    }

    @Test func `a delivery that is cancelled while it waits comes back, to be tried again`() async throws {
        let splunk = FakeSplunk()
        splunk.change { $0.isIndexing = false }
        try await withSink(clock: SystemClock()) {
            $0.preset = .splunk(SplunkOptions(host: "h"))
        } answering: { request, _ in
            splunk.answer(request)
        } _: { sink, _ in
            let (handedOver, ready) = AsyncStream.makeStream(of: Void.self)
            let task = Task { await sink.deliver(.sample()) { ready.finish() } }
            for await _ in handedOver {}
            task.cancel()
            let delivery = await task.value
            #expect(delivery.kind == "retry")
        }
    }
}

/// An event collector with indexers behind it.
final class FakeSplunk: Sendable {
    struct State {
        var acknowledges = true
        /// Whether what was sent is indexed by the time of the next question.
        var isIndexing = true
        var next = 0
        var due: Set<Int> = []
        var events = 0
        var largestQuestion = 0
        var handedOver = 0
    }

    private let state = Mutex(State())

    /// Batches taken.
    var events: Int { state.withLock(\.events) }
    var largestQuestion: Int { state.withLock(\.largestQuestion) }
    var handedOver: Int { state.withLock(\.handedOver) }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func answer(_ request: Collector.Request) -> Collector.Answer {
        state.withLock { state in
            guard request.target.contains("/services/collector/ack") else {
                state.events += 1
                guard state.acknowledges else { return .init(200, #"{"text":"Success","code":0}"#) }
                defer { state.next += 1 }
                state.due.insert(state.next)
                return .init(200, #"{"text":"Success","code":0,"ackId":\#(state.next)}"#)
            }
            guard state.acknowledges else { return .init(400, #"{"text":"ACK is disabled","code":14}"#) }
            struct Question: Decodable { let acks: [Int] }
            guard let question = try? JSONDecoder().decode(Question.self, from: Data(request.text.utf8)) else {
                return .init(400, #"{"text":"Invalid data format","code":6}"#)
            }
            state.largestQuestion = max(state.largestQuestion, question.acks.count)
            let acks = question.acks.map { number in
                // What was told is forgotten.
                #""\#(number)":\#(state.isIndexing && state.due.remove(number) != nil)"#
            }
            return .init(200, #"{"acks":{\#(acks.joined(separator: ","))}}"#)
        }
    }
}
