/// The two kinds of records, named as in the envelope.
package enum SimulatedDataset: String, CaseIterable, Sendable {
    case events = "monitor.events"
    case logs = "serverless.logs"
}
