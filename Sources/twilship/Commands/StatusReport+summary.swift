import Forwarding
import Foundation
import PipelineCore
import Settings
import Spooling

/// The report, from what is remembered and what the running service said last.
extension StatusReport {
    init(_ summary: StateSummary, _ settings: ResolvedSettings, now: Timestamp) {
        self.init(summary, settings.accounts, now: now)
        spoolMaximumBytes = settings.state.maximumBytes
    }

    init(_ summary: StateSummary, _ accounts: [AccountSettings], now: Timestamp) {
        let runtime = summary.runtime.flatMap { try? JSONDecoder().decode(RuntimeReport.self, from: $0) }
        // What another process once said of itself is history.
        let live = runtime.flatMap { $0.process_id == summary.processID ? $0 : nil }
        self.init(summary, processID: summary.processID, live, accounts, now: now)
        lastHeardAt = runtime?.updated_at
        problems = findProblems()
    }

    /// - Parameters:
    ///   - processID: of the running service; nil if none runs.
    ///   - live: what it says of itself; nil if it has not said anything yet.
    init(
        _ summary: StateSummary, processID: Int32?, _ live: RuntimeReport?, _ accounts: [AccountSettings],
        now: Timestamp
    ) {
        version = summary.writtenBy
        processId = processID
        startedAt = live?.started_at
        heardAt = live?.updated_at
        self.now = now
        spoolBytes = summary.spoolBytes
        spoolUndeliveredBytes = summary.undeliveredBytes
        fullness = summary.fullness.map { "\($0)" }
        lastSequence = summary.lastSequence
        gaps = summary.gaps.map(Gap.init)
        let said = Dictionary(
            (live?.streams ?? []).compactMap { stream in stream.key.map { ($0, stream) } },
            uniquingKeysWith: { first, _ in first })
        // A stream of which a running service says nothing has left the configuration.
        let silence = processID == nil ? "stopped" : live == nil ? "starting" : "not configured"
        let known = summary.streams.map { Stream($0, said[$0.key]?.status, silence: silence, now: now) }
        // Streams that were never read have no place yet, and may be the ones in trouble.
        let placed = Set(summary.streams.map(\.key))
        let unplaced = said.filter { !placed.contains($0.key) }.values.map(Stream.init)
        streams = (known + unplaced).sorted { $0.badness > $1.badness }
        sinks = summary.sinks.map { sink in
            Sink(
                sink, live?.sinks[sink.name], summary.resends[sink.name] ?? StateSummary.Resends(),
                isRunning: processID != nil)
        }.sorted { ($0.attempts, $0.backlog) > ($1.attempts, $1.backlog) }
        let names = Set(summary.sinks.map(\.name))
        orphanedDeadLetters = summary.resends.filter { !names.contains($0.key) }.mapValues(\.deadLetters)
            .filter { $0.value > 0 }
        discoveries = (live?.discoveries ?? [:]).map(Discovery.init)
            .sorted { ($1.failures, $0.name) < ($0.failures, $1.name) }
        usage = summary.usage.map { Usage($0, now: now) }
        let minutes = summary.usage.map { $0.minutes.counts(upTo: now) }
        collectedLastHour = (0..<RecentMinutes.span).map { minute in minutes.reduce(0) { $0 + $1[minute] } }
        lastRun = summary.lastRun
        rates = (live?.rates ?? []).map(Rate.init)
        backfills = summary.backfills.map(Backfill.init)
        hints = OverlapHints(summary.streams, said.mapValues(\.status), accounts).sentences + rates.compactMap(\.hint)
    }
}

extension StatusReport.Stream {
    fileprivate init(_ stream: StateSummary.Stream, _ said: StreamStatus?, silence: String, now: Timestamp) {
        account = stream.account
        accountSid = stream.key.accountSID
        dataset = stream.key.dataset.rawValue
        host = stream.key.host
        serviceSid = stream.key.serviceSID
        environmentSid = stream.key.environmentSID
        serviceName = stream.names.service
        environmentName = stream.names.environment
        state = stream.retiredAt == nil ? said?.state.rawValue ?? silence : StreamStatus.State.retired.rawValue
        retiredAt = stream.retiredAt
        pollSeconds = said?.pollSeconds
        allowance = said?.allowance?.name
        failures = said?.failures ?? 0
        lastError = said?.lastError
        lastErrorAt = said?.lastErrorAt
        lastReadAt = said?.lastReadAt
        checkpointTime = stream.checkpoint?.time
        checkpointSid = stream.checkpoint?.sid
        completeUpTo = stream.completeUpTo
        lagSeconds = stream.retiredAt == nil ? max(0, (now - stream.completeUpTo).inSeconds) : nil
        let end = stream.coverage.intervals.last?.window.to ?? stream.start
        holes = stream.coverage.holes(in: Window(from: min(stream.start, end), to: end)).count
        requestsToday = stream.requestsToday
        recordsReadToday = stream.recordsReadToday
        collectedToday = stream.takenToday
        collected = stream.taken
        late = said?.late
        lateness = StatusReport.Lateness(stream.lateness)
    }

    /// A stream that was never read.
    fileprivate init(_ stream: RuntimeReport.Stream) {
        account = stream.account
        accountSid = stream.account_sid
        dataset = stream.dataset
        host = stream.host
        serviceSid = stream.service_sid
        environmentSid = stream.environment_sid
        serviceName = stream.service_name
        environmentName = stream.environment_name
        state = stream.status.state.rawValue
        retiredAt = nil
        pollSeconds = stream.status.pollSeconds
        allowance = stream.status.allowance?.name
        failures = stream.status.failures
        lastError = stream.status.lastError
        lastErrorAt = stream.status.lastErrorAt
        lastReadAt = nil
        checkpointTime = nil
        checkpointSid = nil
        completeUpTo = nil
        lagSeconds = nil
        holes = 0
        requestsToday = 0
        recordsReadToday = 0
        collectedToday = 0
        collected = 0
        late = nil
        lateness = nil
    }

    /// What is greater comes first: those that fail, those that are held up, those furthest behind; the retired last.
    fileprivate var badness: (Int, Int, Double) {
        let kind =
            switch state {
            case _ where failures > 0: 3
            case StreamStatus.State.waitingForRoom.rawValue: 2
            case _ where allowance == ReadAllowance.Level.spent.name: 2
            case StreamStatus.State.retired.rawValue: 0
            default: 1
            }
        return (kind, failures, lagSeconds ?? .infinity)
    }
}

extension ReadAllowance.Level {
    /// For programs; nil when nothing is held back.
    var name: String? {
        switch self {
        case .ample: nil
        case .sparing: "sparing"
        case .scarce: "scarce"
        case .spent: "spent"
        }
    }
}

extension StatusReport.Lateness {
    fileprivate init?(_ histogram: LatenessHistogram) {
        guard let half = histogram.quantile(0.5), let most = histogram.quantile(0.99), let maximum = histogram.maximum
        else { return nil }
        records = histogram.count
        p50Seconds = half.inSeconds
        p99Seconds = most.inSeconds
        maxSeconds = maximum.inSeconds
    }
}

extension StatusReport.Sink {
    fileprivate init(
        _ sink: StateSummary.Sink, _ said: SinkStatus?, _ resends: StateSummary.Resends, isRunning: Bool
    ) {
        name = sink.name
        state = sink.isDetached ? "detached" : isRunning ? (said?.state.rawValue ?? "starting") : "stopped"
        guarantee = said?.guarantee
        position = sink.position
        backlog = sink.backlog
        delivered = sink.delivered
        filtered = sink.filtered
        settledAt = sink.settledAt
        oldestWaiting = sink.oldestWaiting
        attempts = said?.attempts ?? 0
        retries = said?.retries ?? 0
        lastError = said?.lastError
        lastErrorAt = said?.lastErrorAt
        rejected = sink.rejected
        skipped = sink.skipped
        lastSkippedAt = sink.gapFoundAt
        deadLetters = resends.deadLetters
        deadLettersWaiting = resends.deadLettersWaiting
        replayDepth = resends.replayDepth
    }
}

extension StatusReport.Gap {
    fileprivate init(_ gap: StateSummary.Gap) {
        account = gap.account
        dataset = gap.key.dataset.rawValue
        serviceSid = gap.key.serviceSID
        environmentSid = gap.key.environmentSID
        from = gap.window.from
        to = gap.window.to
        reason = gap.reason
        foundAt = gap.found
    }
}

extension StatusReport.Discovery {
    fileprivate init(_ name: String, _ status: DiscoveryStatus) {
        self.name = name
        state =
            status.isRefused
            ? "auth_failed" : status.failures > 0 ? "failing" : status.succeededAt == nil ? "searching" : "ok"
        found = status.found
        succeededAt = status.succeededAt
        intervalSeconds = status.intervalSeconds
        failures = status.failures
        lastError = status.lastError
        lastErrorAt = status.lastErrorAt
    }
}

extension StatusReport.Usage {
    fileprivate init(_ usage: StateSummary.AccountUsage, now: Timestamp) {
        account = usage.account
        accountSid = usage.accountSID
        dataset = usage.dataset.rawValue
        (requestsToday, recordsToday) = usage.today
        (requestsWeek, recordsWeek) = usage.week
        collectedLastHour = usage.minutes.counts(upTo: now)
    }
}

extension StatusReport.Rate {
    fileprivate init(_ rate: RuntimeReport.Rate) {
        account = rate.account
        accountSid = rate.account_sid
        api = rate.api
        requestsPerSecond = rate.now
        requestsPerSecondConfigured = rate.configured
        limits = rate.limits
        limitsSlowed = rate.slowed
        usedRatio = rate.used
    }

    /// Nil if all is as configured.
    fileprivate var hint: String? {
        guard limitsSlowed > 0 else { return nil }
        return "\(account) \(api): Twilio answered 429, so \(requestsPerSecond.short) of "
            + "\(requestsPerSecondConfigured.short) requests/s are used for now"
            + (limits > 1 ? " by the slowest of \(limitsSlowed) environments" : "")
            + ", and more again as it goes well"
    }
}

extension StatusReport.Backfill {
    fileprivate init(_ backfill: StateSummary.BackfillStatus) {
        job = backfill.job.id
        account = backfill.job.account
        dataset = backfill.job.dataset.rawValue
        from = backfill.job.window.from
        to = backfill.job.window.to
        sink = backfill.job.sink
        requestedAt = backfill.job.requestedAt
        percentDone = backfill.percentDone
        streams = backfill.streams
        requests = backfill.requests
        recordsRead = backfill.records
        collected = backfill.taken
    }
}

extension Double {
    /// `4` or `2.5`: at most two decimals.
    var short: String {
        let hundredths = Int((self * 100).rounded())
        let decimals = String(hundredths % 100 + 100).dropFirst().reversed().drop { $0 == "0" }
        return "\(hundredths / 100)" + (decimals.isEmpty ? "" : "." + String(decimals.reversed()))
    }
}
