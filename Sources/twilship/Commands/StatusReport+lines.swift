import Forwarding
import Foundation
import PipelineCore

/// The report as a person reads it: no line is longer than a terminal, and what is wrong comes first.
extension StatusReport {
    /// A line, and how it is painted where there is colour.
    struct Line: Equatable {
        let text: String
        var style = Terminal.Style.plain

        static func plain(_ texts: [String]) -> [Line] { texts.map { Line(text: $0) } }
    }

    /// How much of it is shown.
    struct Extent: Equatable {
        /// So many streams, accounts and searches; of the others it is said how they are.
        var rows = 20
        /// So many gaps, the newest.
        var gaps = 10
        /// So many accounts with the records of the last hour.
        var accounts = 20
        /// Whether what was read today and how late it was is shown too, what was asked of Twilio, and searches.
        var hasToday = true
        var hasUsage = true
        var hasSearches = true
        var width = Terminal.width

        static let all = Extent(rows: .max, gaps: .max, accounts: .max)
    }

    /// - Parameter all: shows every stream and gap.
    func lines(all: Bool = false) -> [String] { screen(all ? .all : Extent()).map(\.text) }

    /// From what matters most to what matters least.
    func screen(_ extent: Extent) -> [Line] {
        [
            heading(extent), problemLines(extent), gapLines(extent), sinkLines(extent) + resendLines(extent),
            streamLines(extent), hourLines(extent), extent.hasToday ? todayLines(extent) : [],
            extent.hasSearches ? discoveryLines(extent) : [], extent.hasUsage ? usageLines(extent) : [],
            backfillLines(extent),
        ]
        .filter { !$0.isEmpty }
        .enumerated().flatMap { $0.offset > 0 ? [Line(text: "")] + $0.element : $0.element }
    }

    // MARK: - At the top

    private func heading(_ extent: Extent) -> [Line] {
        let problems = findProblems()
        let worst = problems.first?.severity
        var line = "\(worst?.word ?? "OK")  twilship \(version)"
        if let processId {
            line += ", process \(processId)"
            if let startedAt { line += ", running for \((now - startedAt).forPeople)" }
            if let heardAt, now - heardAt > .seconds(5) { line += ", heard of \((now - heardAt).forPeople) ago" }
        } else {
            line += ", not running"
        }
        var spool = "spool: \(spoolBytes.megabytes)"
        if let spoolMaximumBytes { spool += " of \(spoolMaximumBytes.megabytes)" }
        spool += ", \(lastSequence) records so far; it is \(now.rfc3339Seconds)"
        var lines = [Line(text: line, style: worst?.style ?? .good), Line(text: spool)]
        if let counts = collectedLastHour {
            let sentence = "  \(counts.reduce(0, +)) records in the last hour"
            let cells = max(12, extent.width - sentence.count)
            lines.append(Line(text: Sparkline.text(counts, cells: cells) + sentence))
        }
        return lines
    }

    /// What fails now, and hints.
    private func problemLines(_ extent: Extent) -> [Line] {
        let indent = 10
        let problems = findProblems().flatMap { problem in
            let word = problem.severity.word.padding(toLength: indent, withPad: " ", startingAt: 0)
            let sentence = Terminal.wrapped(word + problem.what, width: extent.width, indent: indent)
            let help =
                problem.help.map { Terminal.wrapped("  try     \($0)", width: extent.width, indent: indent) } ?? []
            return sentence.map { Line(text: $0, style: problem.severity.style) } + Line.plain(help)
        }
        return problems
            + (allowanceHints + hints).flatMap {
                Line.plain(Terminal.wrapped("hint      " + $0, width: extent.width, indent: indent))
            }
    }

    /// Once for each account and API, which all its streams share.
    private var allowanceHints: [String] {
        let effects = [
            ReadAllowance.Level.scarce: "is nearly used up: polls are stretched and backfills wait until midnight UTC",
            .sparing: "is used faster than the day passes: looking again for late records is put off",
        ]
        return effects.flatMap { level, effect in
            Set(streams.filter { $0.allowance == level.name }.map { "\($0.account) \($0.dataset)" }).map {
                "\($0): max_reads_per_day \(effect)"
            }
        }.sorted()
    }

    private func gapLines(_ extent: Extent) -> [Line] {
        let newest = gaps.sorted { $0.foundAt > $1.foundAt }
        let shown = newest.prefix(extent.gaps)
        var lines = shown.flatMap { gap in
            Terminal.wrapped(
                "gap: \([gap.account, gap.dataset, gap.environmentSid].compactMap(\.self).joined(separator: " ")), "
                    + "\(gap.from.rfc3339) to \(gap.to.rfc3339): \(gap.reason)", width: extent.width)
        }
        if shown.count < newest.count { lines.append("+ \(newest.count - shown.count) older gaps; --all shows them") }
        return Line.plain(lines)
    }

    private func backfillLines(_ extent: Extent) -> [Line] {
        Line.plain(
            backfills.flatMap { job in
                Terminal.wrapped(
                    "backfill \(job.job): \(job.account) \(job.dataset), \(job.from.rfc3339Seconds) to "
                        + "\(job.to.rfc3339Seconds)\(job.sink.map { " to sink \($0)" } ?? ""): \(job.percentDone.short) % of "
                        + "\(job.streams) stream\(job.streams == 1 ? "" : "s"), \(job.collected) records",
                    width: extent.width)
            })
    }
}

extension StatusReport.Problem.Severity {
    var word: String {
        switch self {
        case .warning: "WARNING"
        case .critical: "CRITICAL"
        }
    }

    var style: Terminal.Style {
        switch self {
        case .warning: .warning
        case .critical: .critical
        }
    }
}

extension Int {
    /// Bytes as `12.3 MB`.
    var megabytes: String {
        let tenths = self / 100_000
        return "\(tenths / 10).\(tenths % 10) MB"
    }
}
