import ArgumentParser
import PipelineCore
import Spooling
import SystemdSupport

/// Tells what became of one record.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell when a record was fetched, where it is, and which sinks have it.",
        discussion: """
            Works beside a running service and without one.

            Exit codes: 0 the record is known; 1 it is not; 73, 74 the state cannot be read; 78 the configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Answer as JSON.") var json = false
    @Argument(help: "The record's id: AE or NO and 32 hexadecimal digits.") var sid: String

    func run() throws {
        let reader = try options.state()
        let histories: [RecordHistory]
        do {
            histories = try reader.explain(sid: sid)
        } catch {
            Terminal.complain("twilship: \(error)")
            throw Exit.code(for: error)
        }
        if json {
            Terminal.say(try Terminal.json(histories.map(ExplainReport.init)))
        } else {
            for history in histories { Self.lines(sid, history).forEach(Terminal.say) }
        }
        guard histories.isEmpty else { return }
        Terminal.complain(
            "\(sid.terminalSafe) is not known here. It was never collected, or it was delivered and has left the spool "
                + "([state] retain says how long records stay).")
        throw ExitCode(1)
    }

    private static func lines(_ sid: String, _ history: RecordHistory) -> [String] {
        var lines = [
            "\(sid)  \(history.dataset.rawValue) of account \(history.account) (\(history.accountSID))",
            "  dated      \(history.time.rfc3339)",
            "  collected  \(history.collected.rfc3339)  \((history.collected - history.time).forPeople) later"
                + (history.lane.tag.map { ", tagged \($0)" } ?? ""),
            "  read with  the window \(history.window), a second more at both ends",
            "  requests   \(history.requestIDs.joined(separator: " "))",
            "  spool      record \(history.sequence)",
        ]
        for delivery in history.deliveries {
            let text =
                switch delivery.state {
                case .delivered(let time, attempts: 1): "delivered \(time.rfc3339), at the first attempt"
                case .delivered(let time, let attempts): "delivered \(time.rfc3339), at attempt \(attempts)"
                case .filtered(let time): "filtered by [sink.filter], \(time.rfc3339)"
                case .settledLongAgo: "delivered or filtered; which and when is no longer known"
                case .beforeItsStart: "not sent: collected before the sink was added ([[sink]] start)"
                case .waiting(let ahead): "waiting, \(ahead) records before it"
                }
            lines.append("  sink \(delivery.sink): \(text)")
        }
        return lines.map(\.terminalSafe)
    }
}

/// `explain --json`: one element per stream that has the record.
private struct ExplainReport: Encodable {
    struct Delivery: Encodable {
        let sink: String
        /// `delivered`, `filtered`, `settled` (which of both is no longer known), `before_start` or `waiting`.
        let state: String
        var settledAt: Timestamp?
        var attempts: Int?
        var recordsAhead: Int64?
    }

    let account: String
    let accountSid: String
    let dataset: String
    let time: Timestamp
    let collected: Timestamp
    let lane: String
    let windowFrom: Timestamp
    let windowTo: Timestamp
    let requestIds: [String]
    let sequence: Int64
    let envelope: String
    let deliveries: [Delivery]

    init(_ history: RecordHistory) {
        account = history.account
        accountSid = history.accountSID
        dataset = history.dataset.rawValue
        time = history.time
        collected = history.collected
        lane = history.lane.tag ?? "live"
        windowFrom = history.window.from
        windowTo = history.window.to
        requestIds = history.requestIDs
        sequence = history.sequence
        envelope = history.line
        deliveries = history.deliveries.map { delivery in
            switch delivery.state {
            case .delivered(let time, let attempts):
                Delivery(sink: delivery.sink, state: "delivered", settledAt: time, attempts: attempts)
            case .filtered(let time): Delivery(sink: delivery.sink, state: "filtered", settledAt: time)
            case .settledLongAgo: Delivery(sink: delivery.sink, state: "settled")
            case .beforeItsStart: Delivery(sink: delivery.sink, state: "before_start")
            case .waiting(let ahead): Delivery(sink: delivery.sink, state: "waiting", recordsAhead: ahead)
            }
        }
    }
}
