import Foundation
import PipelineCore

/// The report for people.
extension AuditReport {
    func lines() -> [String] {
        var lines = ["\(from.rfc3339) to \(to.rfc3339)"]
        lines += Terminal.table(
            [["STREAM", "AT TWILIO", "TAKEN", "MISSING", "EXTRA", "UNDATED", "DIGEST"]]
                + streams.map { stream in
                    [
                        stream.name, "\(stream.atTwilio)", "\(stream.taken)",
                        "\(stream.missing + stream.unread)", "\(stream.extra)", "\(stream.undated)", stream.digests,
                    ]
                }, width: Terminal.width)
        for stream in streams { lines += stream.details }
        lines += notCompared()
        if !sinks.isEmpty {
            lines += Terminal.table(
                [["SINK", "OF", "SETTLED", "WAITING", "DEAD LETTERS", "SKIPPED", "BEFORE ITS START"]]
                    + sinks.map { sink in
                        [
                            sink.sink, "\(sink.account) \(sink.dataset)", "\(sink.settled)", "\(sink.waiting)",
                            "\(sink.deadLetters)", sink.skipped > 0 ? "up to \(sink.skipped)" : "0",
                            "\(sink.beforeStart)",
                        ]
                    })
        }
        return lines + [verdict]
    }

    /// What was not compared, alike streams together.
    private func notCompared() -> [String] {
        let all = Dictionary(grouping: streams.flatMap { stream in stream.notCompared.map { (stream.name, $0) } }) {
            $0.1
        }
        return all.sorted { ($0.key.from, $0.key.to) < ($1.key.from, $1.key.to) }.flatMap { range, streams in
            let whose = streams.count == 1 ? streams[0].0 : "\(streams.count) streams"
            return Terminal.wrapped("not compared: \(whose), \(range.text): \(range.reason ?? "")")
        }
    }

    private var verdict: String {
        if complete { return "complete: everything that Twilio has of what was compared is collected, and settled" }
        var reasons: [String] = []
        func count(_ number: Int, _ one: String, _ many: String) {
            if number > 0 { reasons.append("\(number) \(number == 1 ? one : many)") }
        }
        count(missing, "record is missing", "records are missing")
        count(streams.reduce(0) { $0 + $1.unread }, "record is not read yet", "records are not read yet")
        count(streams.reduce(0) { $0 + $1.gaps.count + $1.notListed.count }, "gap", "gaps")
        count(streams.count { $0.error != nil }, "stream could not be read", "streams could not be read")
        count(sinks.reduce(0) { $0 + $1.waiting }, "record waits for a sink", "records wait for sinks")
        count(sinks.reduce(0) { $0 + $1.deadLetters }, "dead letter", "dead letters")
        count(sinks.count { $0.skipped > 0 }, "sink was moved past records", "sinks were moved past records")
        return "not complete: " + reasons.joined(separator: ", ")
            + (missing > 0 ? "; the same with --repair collects what is missing" : "")
    }
}

extension AuditReport.Stream {
    fileprivate var digests: String {
        digestAtTwilio == digestTaken
            ? "\(digestTaken.prefix(16)), the same" : "\(digestAtTwilio.prefix(16)), taken \(digestTaken.prefix(16))"
    }

    fileprivate var details: [String] {
        var lines: [String] = []
        func say(_ text: String) { lines += Terminal.wrapped("\(name): \(text)") }
        if !missingIds.isEmpty {
            let more = missing - missingIds.count
            say("missing: \(missingIds.joined(separator: " "))\(more > 0 ? " and \(more) more" : "")")
        }
        if unread > 0 { say("\(unread) records lie where collection has not been yet; they will be read") }
        for day in differingDays {
            say(
                "\(day.day): Twilio has \(day.atTwilio) records, taken were \(day.taken), and they differ; "
                    + "which is no longer known")
        }
        if extra > 0 {
            say("\(extra) records were taken that Twilio does not list any more: they are too old, or were removed")
        }
        if undatedUnsure > 0 {
            say("\(undatedUnsure) records without a date cannot be compared: such were taken too long ago")
        }
        for gap in gaps { say("gap: \(gap.text): \(gap.reason ?? "")") }
        for part in notListed { say("not listed whole: \(part.text): \(part.reason ?? "")") }
        if let error { say("could not be read to its end: \(error)") }
        return lines
    }
}
