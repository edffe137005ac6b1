package import CoreMetrics
import Synchronization

/// Keeps what counters of swift-metrics count. Nothing else is made through it: gauges are read where they are true.
package final class CounterRegistry: MetricsFactory {
    private struct Key: Hashable {
        let name: String
        let labels: Labels
    }

    private let totals = Mutex<[Key: Total]>([:])

    package init() {}

    /// What counters of this name have counted, in a fixed order.
    package func samples(of name: String) -> [MetricFamily.Sample] {
        let found = totals.withLock { $0.filter { $0.key.name == name } }
        return found.sorted { $0.key.labels.all.map(\.value).lexicographicallyPrecedes($1.key.labels.all.map(\.value)) }
            .map { MetricFamily.Sample($0.key.labels, Double($0.value.value)) }
    }

    /// Counters of the same name and dimensions count together.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let key = Key(name: label, labels: Labels(dimensions))
        return totals.withLock { totals in
            if let total = totals[key] { return total }
            let total = Total()
            totals[key] = total
            return total
        }
    }

    package func destroyCounter(_ handler: any CounterHandler) {
        totals.withLock { totals in totals = totals.filter { $0.value !== handler } }
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { NOOPMetricsHandler.instance }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance
    }

    package func destroyRecorder(_ handler: any RecorderHandler) {}

    package func destroyTimer(_ handler: any TimerHandler) {}
}

private final class Total: CounterHandler {
    private let count = Mutex<Int64>(0)

    var value: Int64 { count.withLock { $0 } }

    func increment(by amount: Int64) {
        count.withLock { count in
            let (sum, overflows) = count.addingReportingOverflow(amount)
            // A counter that begins anew is what Prometheus expects of one.
            count = overflows ? 0 : sum
        }
    }

    func reset() { count.withLock { $0 = 0 } }
}
