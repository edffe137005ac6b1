import Forwarding
import Measuring
import PipelineCore
import Spooling

/// The report as Prometheus reads it. Streams and sinks that left the configuration are not in it: nobody is to be woken
/// for them.
extension StatusReport {
    /// - Parameters:
    ///   - spoolLimit: `max_bytes`, in bytes.
    ///   - collected: since the process began.
    ///   - requests: the samples of `CountedTransport.counter`.
    func families(
        spoolLimit: Int, collected: [StateSummary.Collected: Int], requests: [MetricFamily.Sample]
    ) -> [MetricFamily] {
        [
            MetricFamily(
                "twilship_build_info", .gauge, "Always 1; the label is the program's version.",
                [.init(["version": version], 1)])
        ] + streamFamilies + collectingFamilies(collected, requests) + sinkFamilies
            + spoolFamilies(limit: spoolLimit)
    }

    // MARK: - Streams

    private var living: [Stream] {
        streams.filter { $0.retiredAt == nil && $0.state != "not configured" }.sorted { $0.label < $1.label }
    }

    private var streamFamilies: [MetricFamily] {
        let groups = Dictionary(grouping: living) { Place(account: $0.account, dataset: $0.dataset) }
        func count(where isCounted: (Stream) -> Bool) -> [MetricFamily.Sample] {
            groups.sorted { $0.key < $1.key }.map { .init($0.key.labels, Double($0.value.count(where: isCounted))) }
        }
        return [
            MetricFamily("twilship_streams", .gauge, "Streams that are collected.", count { _ in true }),
            MetricFamily(
                "twilship_streams_failing", .gauge, "Streams whose last attempts failed.", count { $0.failures > 0 }),
            MetricFamily(
                "twilship_streams_auth_failed", .gauge, "Streams whose credential Twilio refuses.",
                count { $0.state == StreamStatus.State.authFailed.rawValue }),
            MetricFamily(
                "twilship_stream_lag_seconds", .gauge, "How long ago the stream was complete.",
                living.compactMap { stream in stream.lagSeconds.map { .init(stream.labels, $0) } }),
            MetricFamily(
                "twilship_stream_complete_timestamp_seconds", .gauge,
                "Every record dated before this that was readable has been collected.",
                living.compactMap { stream in
                    stream.completeUpTo.map { .init(stream.labels, Double($0.milliseconds) / 1000) }
                }),
            MetricFamily(
                "twilship_searches_failing", .gauge, "Searches for environments or subaccounts whose last try failed.",
                Double(discoveries.count { $0.failures > 0 })),
            MetricFamily(
                "twilship_gaps_total", .counter, "Ranges of time that could not be read and never will be.",
                Double(gaps.count)),
        ]
    }

    private func collectingFamilies(
        _ collected: [StateSummary.Collected: Int], _ requests: [MetricFamily.Sample]
    ) -> [MetricFamily] {
        // A counter that is there before it counts is one whose first step is seen.
        var totals = Dictionary(
            living.map { (Place(account: $0.account, dataset: $0.dataset), 0) }, uniquingKeysWith: { first, _ in first }
        )
        for (whose, count) in collected {
            totals[Place(account: whose.account, dataset: whose.dataset.rawValue)] = count
        }
        return [
            MetricFamily(
                "twilship_records_collected_total", .counter, "New records since the process began.",
                totals.sorted { $0.key < $1.key }.map { .init($0.key.labels, Double($0.value)) }),
            MetricFamily(
                CountedTransport.counter, .counter,
                "Requests to Twilio since the process began, by the answer's status; none if there was no answer.",
                requests),
            MetricFamily(
                "twilship_rate_limit_used_ratio", .gauge,
                "How much of the request rate allowed now was used in the last minute.",
                rates.compactMap { rate in
                    rate.usedRatio.map { .init(["account": rate.account, "api": rate.api], $0) }
                }),
        ]
    }

    // MARK: - Sinks

    private var sinkFamilies: [MetricFamily] {
        let attached = sinks.filter { $0.state != "detached" }.sorted { $0.name < $1.name }
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (Sink) -> Double?
        ) -> MetricFamily {
            MetricFamily(name, kind, help, attached.compactMap { sink in value(sink).map { .init(sink.labels, $0) } })
        }
        let letters = Dictionary(
            sinks.filter { $0.state != "detached" || $0.deadLetters > 0 }.map { ($0.name, $0.deadLetters) },
            uniquingKeysWith: +
        ).merging(orphanedDeadLetters, uniquingKeysWith: +)
        return [
            family("twilship_records_delivered_total", .counter, "Records that the sink accepted, ever.") {
                Double($0.delivered)
            },
            family("twilship_sink_backlog_records", .gauge, "Records that wait for the sink.") { Double($0.backlog) },
            family(
                "twilship_sink_oldest_waiting_timestamp_seconds", .gauge,
                "When the oldest record that waits for the sink was collected; absent if none waits."
            ) { $0.oldestWaiting.map { Double($0.milliseconds) / 1000 } },
            family(
                "twilship_sink_retries_total", .counter,
                "Attempts to deliver that failed and were repeated, since the process began."
            ) { Double($0.retries) },
            family(
                "twilship_sink_failed_attempts", .gauge, "How often the batch at hand was tried without success."
            ) { Double($0.attempts) },
            family(
                "twilship_sink_held", .gauge, "1 while the sink accepts nothing until somebody sees to it, else 0."
            ) { $0.state == SinkStatus.State.held.rawValue ? 1 : 0 },
            family(
                "twilship_sink_skipped_records_total", .counter, "Records that the sink was moved past, ever."
            ) { Double($0.skipped) },
            MetricFamily(
                "twilship_dead_letters", .gauge, "Records that the sink refused for good and that are kept.",
                letters.sorted { $0.key < $1.key }.map { .init(["sink": $0.key], Double($0.value)) }),
        ]
    }

    // MARK: - Spool

    private func spoolFamilies(limit: Int) -> [MetricFamily] {
        [
            MetricFamily("twilship_spool_bytes", .gauge, "Records in the spool.", Double(spoolBytes)),
            MetricFamily(
                "twilship_spool_undelivered_bytes", .gauge,
                "Segments of the spool with something that a sink has not got yet; the rest goes when room is needed.",
                Double(spoolUndeliveredBytes)),
            MetricFamily("twilship_spool_limit_bytes", .gauge, "max_bytes of the configuration.", Double(limit)),
            MetricFamily(
                "twilship_spool_full", .gauge, "1 while polling waits because the spool or its disk is full, else 0.",
                fullness == nil ? 0 : 1),
        ]
    }
}

/// By what streams are summed up.
private struct Place: Hashable, Comparable {
    let account: String
    let dataset: String

    var labels: Labels { ["account": account, "dataset": dataset] }

    static func < (left: Self, right: Self) -> Bool {
        (left.account, left.dataset) < (right.account, right.dataset)
    }
}

extension StatusReport.Stream {
    fileprivate var label: String {
        [accountSid, dataset, serviceSid, environmentSid].compactMap(\.self).joined(separator: "/")
    }

    fileprivate var labels: Labels { ["account": account, "dataset": dataset, "stream": label] }
}

extension StatusReport.Sink {
    fileprivate var labels: Labels { ["sink": name] }
}
