import Foundation
import PipelineCore
import Transport

/// Splunk's HTTP Event Collector.
///
/// Its 200 says no more than that events are in a queue in memory. With indexer acknowledgement the batch is handed
/// over then, and accepted when the acknowledgement comes; one question asks for all that are due. What is not acknowledged
/// in time is sent again, whether it was indexed or not: Splunk recognises no repetition.
struct SplunkPreset: HTTPPreset {
    /// Between questions, as long as nothing is acknowledged.
    private static let firstPause: Duration = .milliseconds(500)
    private static let longestPause: Duration = .seconds(5)

    let endpoint: HTTPEndpoint
    let paths: SplunkPaths
    let body: SplunkBody
    /// Nil without acknowledgement.
    let channel: SplunkChannel?
    let acknowledgementTimeout: Duration

    /// Without acknowledgement nobody says that a record is kept.
    var guarantee: DeliveryGuarantee { channel == nil ? .bestEffort : .atLeastOnce }
    var pinsBatches: Bool { false }
    /// Acknowledgements take seconds: waiting for each would bound what can be sent.
    var leastOutstanding: Int { channel == nil ? 1 : 16 }

    func deliver(_ batch: Batch, handedOver: @Sendable () -> Void) async -> Delivery {
        if let channel, !channel.isProven, let refusal = await refusalToAcknowledge(channel) { return refusal }
        let ticket = channel?.ticket()
        switch await send(batch, ticket) {
        case .failed(let delivery, let isAnswered):
            if let channel, let ticket { channel.fail(ticket, isAnswered: isAnswered) }
            return delivery
        case .taken(let number, let said):
            guard let channel, let ticket else { return .accepted() }
            guard let number else {
                channel.fail(ticket, isAnswered: true)
                channel.isProven = false
                return .hold(reason: SplunkAnswer.acknowledgementIsOff(said))
            }
            guard let claim = channel.claim(number, ticket) else {
                return .retry(reason: "\(said). \(Self.beganAnew)")
            }
            handedOver()
            return await acknowledgement(claim, channel)
        }
    }

    // MARK: - Events

    private enum Sent {
        case failed(Delivery, isAnswered: Bool)
        case taken(number: Int?, said: String)
    }

    private func send(_ batch: Batch, _ ticket: SplunkChannel.Ticket?) async -> Sent {
        var message = HTTPEndpoint.Message(
            url: paths.events, contentType: "application/json", body: body.bytes(batch))
        if let ticket { message.headers.append("X-Splunk-Request-Channel", ticket.name) }
        switch await endpoint.post(message) {
        case .failed(let delivery): return .failed(delivery, isAnswered: false)
        case .answered(let response):
            let said = endpoint.said(response, paths.events)
            let answer = SplunkAnswer(response.body)
            if response.status == 413 { return .failed(.split(reason: said), isAnswered: true) }
            if let answer {
                let isTaken = 200..<300 ~= response.status && answer.isSuccess
                if isTaken { return .taken(number: answer.number, said: said) }
                let retryAfter = RetryAfter.duration(of: response, now: endpoint.clock.wallNow)
                if let delivery = answer.delivery(of: batch, reason: said, retryAfter: retryAfter, endpoint) {
                    return .failed(delivery, isAnswered: true)
                }
            }
            guard !(200..<300 ~= response.status) else {
                return .failed(
                    .retry(reason: "\(said). This is no answer of an event collector: check `url`."), isAnswered: true)
            }
            // A proxy may answer for a collector that took it all the same.
            return .failed(endpoint.delivery(of: response, paths.events), isAnswered: response.status < 500)
        }
    }

    // MARK: - Acknowledgements

    private static let beganAnew =
        "Its acknowledgements began anew: it restarted, or a load balancer without sticky sessions sends requests to "
        + "several collectors. What was not acknowledged is sent again, and Splunk may hold it twice."

    private func acknowledgement(_ claim: SplunkChannel.Claim, _ channel: SplunkChannel) async -> Delivery {
        let deadline = endpoint.clock.monotonicNow + acknowledgementTimeout
        var pause = Self.firstPause
        while true {
            do {
                try await endpoint.clock.sleep(for: pause)
            } catch {
                channel.give(up: claim)
                return .retry(reason: "stopped before Splunk acknowledged what it was sent")
            }
            pause = min(pause * 2, Self.longestPause)
            if channel.status(of: claim) == .due { await ask(channel) }
            switch channel.status(of: claim) {
            case .acknowledged:
                channel.give(up: claim)
                return .accepted()
            case .lost: return .retry(reason: "\(paths.events.origin): \(Self.beganAnew)")
            case .due where endpoint.clock.monotonicNow >= deadline:
                channel.give(up: claim)
                let trouble = channel.trouble.map { " The last question was not answered: \($0)." } ?? ""
                return .retry(
                    reason: "\(paths.events.origin) took the batch, but did not acknowledge it within "
                        + "\(acknowledgementTimeout).\(trouble) It is sent again, and Splunk may hold it twice.")
            case .due: continue
            }
        }
    }

    /// Asks for everything that is due, unless somebody else is asking.
    private func ask(_ channel: SplunkChannel) async {
        guard let question = channel.question() else { return }
        var acknowledged: [Int] = []
        var trouble: String?
        switch await post(question.numbers, channel: question.name) {
        case .failed(let delivery): trouble = delivery.reason
        case .answered(let response):
            if response.status == 200, let answer = SplunkAcknowledgements(response.body) {
                acknowledged = answer.acknowledged
            } else {
                trouble = endpoint.said(response, paths.acknowledgements)
            }
        }
        channel.answer(acknowledged, of: question.generation, trouble: trouble)
    }

    /// Why nothing can be sent: the token is seen not to acknowledge. Each batch that were sent to find out would be
    /// indexed once more.
    func refusalToAcknowledge(_ channel: SplunkChannel) async -> Delivery? {
        guard case .answered(let response) = await post([], channel: channel.name),
            SplunkAnswer(response.body)?.code == 14
        else { return nil }
        return .hold(reason: SplunkAnswer.acknowledgementIsOff(endpoint.said(response, paths.acknowledgements)))
    }

    private func post(_ numbers: [Int], channel: String) async -> HTTPEndpoint.Outcome {
        let body = #"{"acks":[\#(numbers.map(String.init).joined(separator: ","))]}"#
        var message = HTTPEndpoint.Message(
            url: paths.acknowledgements, contentType: "application/json", body: Array(body.utf8))
        do throws(HTTPURLError) {
            message.url = try paths.acknowledgements.withQuery([("channel", channel)])
        } catch {
            return .failed(.hold(reason: "the address for acknowledgements: \(error)"))
        }
        message.headers.append("X-Splunk-Request-Channel", channel)
        message.isCompressible = false
        return await endpoint.post(message)
    }
}
