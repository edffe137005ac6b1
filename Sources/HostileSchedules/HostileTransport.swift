import Foundation
import PipelineCore
import PipelineTestKit
import Simulating
import Synchronization
import Transport

/// The way to the simulated Twilio: latency by chance, timeouts, false empty pages, and a note of every request.
///
/// The server's time is the virtual clock's monotonic one: whatever our wall clock does, it goes on.
final class HostileTransport: HTTPTransport {
    struct Exchange: Sendable, Equatable, CustomStringConvertible {
        /// Milliseconds since the world's beginning.
        var sentAt: Int
        var answeredAt: Int?
        var path: String
        /// What StartDate and EndDate asked for.
        var window: ClosedRange<Int64>?
        var isFirstPage: Bool
        /// 0 if the connection was cut, -1 if we did not wait for the answer.
        var status: Int
        /// Whether it was answered as if there were nothing.
        var isFalse = false

        var description: String {
            let span = window.map {
                "\(Double($0.lowerBound - HostileSchedule.epoch) / 1000)...\(Double($0.upperBound - HostileSchedule.epoch) / 1000)"
            }
            return "\(Double(sentAt) / 1000)s \(status)\(isFalse ? " false" : "") \(path.suffix(8)) "
                + "\(span ?? "-")\(isFirstPage ? "" : " next")"
        }
    }

    private struct State {
        var chance: HostileChance
        var exchanges: [Exchange] = []
        /// What was falsely answered and not truly since, by path.
        var doubted: [String: [ClosedRange<Int64>]] = [:]
        /// Passes of which a later page is to be empty.
        var hushes: [(path: String, window: ClosedRange<Int64>)] = []
    }

    static let timeout: Duration = .seconds(60)

    private let twilio: SimulatedTwilio
    private let clock: VirtualClock
    private let beginning: ContinuousClock.Instant
    private let latency: ClosedRange<Duration>
    private let falseEmpties: (from: Int, to: Int, share: Double)?
    private let isCapSilent: Bool
    private let state: Mutex<State>

    init(_ twilio: SimulatedTwilio, _ schedule: HostileSchedule, clock: VirtualClock) {
        self.twilio = twilio
        self.clock = clock
        beginning = clock.monotonicNow
        latency = schedule.latency
        isCapSilent = schedule.options.capForm == .silent || schedule.options.alertsCapForm == .silent
        falseEmpties = schedule.falseEmpties.map { ($0.from.milliseconds, $0.to.milliseconds, $0.share) }
        state = Mutex(State(chance: HostileChance(schedule.seed ^ 0x7A_57)))
    }

    var exchanges: [Exchange] { state.withLock { $0.exchanges } }

    /// Milliseconds since the world's beginning.
    var offset: Int { beginning.duration(to: clock.monotonicNow).milliseconds }
    var serverNow: Int64 { HostileSchedule.epoch + Int64(offset) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let sent = clock.monotonicNow
        let query = request.url.query ?? ""
        let window = Self.window(query)
        let isFirst = !query.contains("PageToken=")
        let path = request.url.path
        let offset = offset
        let (number, delay, isFalse): (Int, Duration, Bool) = state.withLock { state in
            let delay = state.chance.span(latency)
            let isFalse = isHushed(path, window, isFirst, &state)
            state.exchanges.append(
                Exchange(sentAt: offset, path: path, window: window, isFirstPage: isFirst, status: -1, isFalse: isFalse)
            )
            return (state.exchanges.count - 1, delay, isFalse)
        }
        let auth = request.basicAuth ?? BasicAuth(user: "", password: "")
        let target = path + "?" + (isFalse ? "StartDate=2199-01-01T00:00:00Z&EndDate=2199-01-01T00:00:01Z" : query)
        let answer = twilio.answer(
            .get(target, user: auth.user, password: auth.password, host: request.url.origin.host), at: serverNow)
        let context = TransportError.Context(
            target: request.url.origin.authority, code: .init(rawValue: 18), detail: "cut")
        var wait = delay
        if case .slow(let longer) = answer.delivery { wait = min(longer, Self.timeout) }
        do {
            try await clock.sleep(for: wait)
        } catch {
            throw .cancelled
        }
        switch answer.delivery {
        case .whole: break
        case .slow(let longer) where longer < Self.timeout: break
        case .slow:
            note(number, 0)
            throw .timedOut(context, after: Self.timeout)
        case .truncated, .reset:
            note(number, 0)
            throw .interrupted(context)
        }
        note(number, answer.status, answer.body)
        var headers = HTTPHeaders()
        for (name, value) in answer.headers { headers.append(name, value) }
        return HTTPResponse(
            status: answer.status, headers: headers, body: answer.body, sentAt: sent,
            headersReceivedAt: clock.monotonicNow)
    }

    private func note(_ number: Int, _ status: Int, _ body: [UInt8] = []) {
        let now = offset
        state.withLock { state in
            state.exchanges[number].status = status
            state.exchanges[number].answeredAt = now
            believe(number, body, &state)
        }
    }

    /// Whether a page is to be empty: never in two passes in a row over any instant of a list.
    ///
    /// It is decided with a pass's first page, and is that page or a later one.
    private func isHushed(_ path: String, _ window: ClosedRange<Int64>?, _ isFirst: Bool, _ state: inout State) -> Bool
    {
        guard let falseEmpties, let window,
            path.hasSuffix("Events") || path.hasSuffix("Logs") || path.hasSuffix("Alerts")
        else { return false }
        if !isFirst {
            guard let index = state.hushes.firstIndex(where: { $0 == (path, window) }) else { return false }
            state.hushes.remove(at: index)
            state.doubted[path, default: []].append(window)
            return true
        }
        state.hushes.removeAll { $0 == (path, window) }
        if state.doubted[path, default: []].contains(where: { $0.overlaps(window) }) { return false }
        guard (falseEmpties.from..<falseEmpties.to).contains(offset), state.chance.share() < falseEmpties.share else {
            return false
        }
        if state.chance.happens(50) {
            state.hushes.append((path, window))
            return false
        }
        state.doubted[path, default: []].append(window)
        return true
    }

    /// The end of a list was read: what lies in its window was seen.
    private func believe(_ number: Int, _ body: [UInt8], _ state: inout State) {
        let exchange = state.exchanges[number]
        // A list that a silent cap has cut looks as if it had been read to its end.
        guard exchange.isFirstPage || !isCapSilent else { return }
        guard falseEmpties != nil, exchange.status == 200, !exchange.isFalse, let window = exchange.window,
            body.firstRange(of: Array("\"next_page_url\": null".utf8)) != nil
        else { return }
        state.doubted[exchange.path]?.removeAll {
            window.lowerBound <= $0.lowerBound && $0.upperBound <= window.upperBound
        }
    }

    private static func window(_ query: String) -> ClosedRange<Int64>? {
        var from: Int64?
        var to: Int64?
        for item in query.split(separator: "&") {
            let isStart = item.hasPrefix("StartDate=")
            guard isStart || item.hasPrefix("EndDate=") else { continue }
            let text = item.drop { $0 != "=" }.dropFirst().replacing("%3A", with: ":")
            guard let time = Timestamp(rfc3339: text.utf8) else { continue }
            if isStart { from = time.milliseconds } else { to = time.milliseconds }
        }
        guard let from, let to, from <= to else { return nil }
        return from...to
    }
}
