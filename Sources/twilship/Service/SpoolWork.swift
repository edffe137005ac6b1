import ArgumentParser
import Controlling
import PipelineCore
import Spooling

/// `spool list`.
struct SpoolList: StateCommand {
    static let name = "spool-list"
    static let changesState = false

    var json: Bool

    var arguments: [String: ControlValue] { ["json": .boolean(json)] }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let segments = try state.reader.segments()
        if json {
            for segment in segments { try await voice.answer(Terminal.json(SegmentReport(segment), pretty: false)) }
            return .success
        }
        guard !segments.isEmpty else {
            try await voice.answer("the spool is empty")
            return .success
        }
        let rows = segments.map { segment in
            [
                segment.file, "\(segment.records)", Int(segment.bytes).megabytes,
                segment.oldest?.rfc3339Seconds ?? "-", segment.newest?.rfc3339Seconds ?? "-",
                segment.damaged == 0 ? "-" : "\(segment.damaged)",
                segment.holders.isEmpty ? "-" : segment.holders.joined(separator: ", "),
            ]
        }
        let head = ["SEGMENT", "RECORDS", "SIZE", "COLLECTED FROM", "TO", "DAMAGED", "HELD BY"]
        for line in Terminal.table([head] + rows) { try await voice.answer(line) }
        let records = segments.reduce(0) { $0 + $1.records }
        let bytes = segments.reduce(0) { $0 + Int($1.bytes) }
        try await voice.answer("\(records) records in \(segments.count) segments, \(bytes.megabytes)")
        return .success
    }
}

extension SpoolList {
    init(_ arguments: [String: ControlValue]) { self.init(json: arguments.flag("json")) }
}

/// `spool verify`.
struct SpoolVerify: StateCommand {
    static let name = "spool-verify"
    static let changesState = false
    static let interval: Duration = .milliseconds(500)

    var json: Bool

    var arguments: [String: ControlValue] { ["json": .boolean(json)] }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let total = try state.reader.spooled()?.records ?? 0
        let clock = SystemClock()
        var told = clock.monotonicNow
        let meter = ProgressMeter(at: told)
        var (position, intact, parts, damaged, lost): (Int64, Int, Int, Int, Int) = (0, 0, 0, 0, 0)
        while let (finding, last) = try state.reader.nextFrame(after: position) {
            position = last
            parts += 1
            switch finding {
            case .intact(let records, _): intact += records.count
            case .damaged(let path, let offset, let records, let reason):
                damaged += 1
                lost += records
                let report = DamageReport(path: path, offset: offset, records: records, reason: reason)
                try await voice.answer(json ? Terminal.json(report, pretty: false) : report.sentence)
            }
            let now = clock.monotonicNow
            if told.duration(to: now) >= Self.interval {
                told = now
                let checked = intact + lost
                try await voice.progress(
                    meter.progress(
                        done: total > 0 ? min(1, Double(checked) / Double(total)) : 0, checked,
                        "of \(total) records checked",
                        counts: ["\(damaged) parts damaged"], at: now))
            }
            // The service has other things to do, too.
            await Task.yield()
            try Task.checkCancellation()
        }
        try await voice.remark(
            "\(intact) records in \(parts - damaged) parts are intact"
                + (damaged == 0 ? "" : "; \(lost) records in \(damaged) parts cannot be read"))
        return damaged == 0
            ? .success
            : ControlEnd(
                exit: 1,
                error: "the spool is damaged; sinks that have not had these records yet are held up or get them read "
                    + "again from Twilio: the page Operations says how to go on")
    }
}

extension SpoolVerify {
    init(_ arguments: [String: ControlValue]) { self.init(json: arguments.flag("json")) }
}

/// `spool export`: envelopes, one a line, oldest first.
struct SpoolExport: StateCommand {
    static let name = "spool-export"
    static let changesState = false

    /// By when they were collected.
    var from: Timestamp?
    var to: Timestamp?
    /// A label or a SID.
    var account: String?
    var dataset: Dataset?

    var arguments: [String: ControlValue] {
        var arguments: [String: ControlValue] = [:]
        arguments.set("from", from)
        arguments.set("to", to)
        arguments.set("account", account)
        arguments.set("dataset", dataset?.rawValue)
        return arguments
    }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        var position: Int64 = 0
        var (damaged, tooLong, written) = (0, 0, 0)
        let clock = SystemClock()
        var told = clock.monotonicNow
        let meter = ProgressMeter(at: told)
        let total = try state.reader.spooled(from: begin, to: end)?.records ?? 0
        var seen = 0
        while let (finding, last) = try state.reader.nextFrame(after: position, from: begin, to: end) {
            position = last
            let now = clock.monotonicNow
            if told.duration(to: now) >= SpoolVerify.interval {
                told = now
                try await voice.progress(
                    meter.progress(
                        done: total > 0 ? min(1, Double(seen) / Double(total)) : 0, written, "records written", at: now)
                )
            }
            switch finding {
            case .intact(let records, _):
                seen += records.count
                for record in records where isMeant(record.origin) {
                    // A line is JSON within JSON on the socket, which at most doubles it.
                    if state.hasService, record.line.count > ControlProtocol.maximumLineBytes / 2 - 1024 {
                        tooLong += 1
                        try await voice.remark(
                            "record \(record.id) of \(record.line.count) bytes is too long for the control socket")
                        continue
                    }
                    try await voice.answer(String(decoding: record.line, as: UTF8.self))
                    written += 1
                }
            case .damaged(let path, let offset, let records, let reason):
                damaged += records
                seen += records
                let report = DamageReport(path: path, offset: offset, records: records, reason: reason)
                try await voice.remark(report.sentence)
            }
            await Task.yield()
            try Task.checkCancellation()
        }
        guard damaged + tooLong > 0 else { return .success }
        let parts = [
            damaged > 0 ? "\(damaged) records cannot be read" : nil,
            tooLong > 0 ? "\(tooLong) are too long: stop the service and export again" : nil,
        ]
        return ControlEnd(exit: Exit.io.rawValue, error: parts.compactMap(\.self).joined(separator: "; "))
    }

    private var begin: Timestamp { from ?? Timestamp(milliseconds: .min) }
    private var end: Timestamp { to ?? Timestamp(milliseconds: .max) }

    private func isMeant(_ origin: SpooledRecord.Origin) -> Bool {
        (dataset == nil || origin.dataset == dataset)
            && (account == nil || origin.account == account || origin.accountSID == account)
    }
}

extension SpoolExport {
    init(_ arguments: [String: ControlValue]) throws {
        self.init(
            from: try arguments.time("from"), to: try arguments.time("to"), account: arguments["account"]?.string)
        guard let name = arguments["dataset"]?.string else { return }
        guard let dataset = Dataset(rawValue: name) else {
            throw CommandRefusal.unknown("dataset", name, among: Dataset.allCases.map(\.rawValue))
        }
        self.dataset = dataset
    }
}

extension SegmentSummary {
    /// The file's name in the folder `spool`.
    fileprivate var file: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// A segment as JSON.
private struct SegmentReport: Encodable {
    let segment: Int64
    let path: String
    let bytes: Int64
    let records: Int64
    let oldestCollected: Timestamp?
    let newestCollected: Timestamp?
    let damagedParts: Int
    let heldBy: [String]

    init(_ segment: SegmentSummary) {
        self.segment = segment.id
        path = segment.path
        bytes = segment.bytes
        records = segment.records
        oldestCollected = segment.oldest
        newestCollected = segment.newest
        damagedParts = segment.damaged
        heldBy = segment.holders
    }
}

/// A part of the spool that cannot be read, as JSON or in words.
private struct DamageReport: Encodable {
    let path: String
    let offset: Int64
    let records: Int
    let reason: String

    var sentence: String { "\(path): damaged at byte \(offset), \(records) records: \(reason)" }
}
