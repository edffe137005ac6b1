import ArgumentParser
import Foundation

/// What twilship costs.
@main
struct TwilshipBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twilship-bench",
        abstract: "Measures twilship against a simulated Twilio on this machine.",
        discussion: """
            The service, the simulator and this program are three processes; only the service's CPU and memory count as \
            twilship's. The state is on the disk on which the programs are, and every sync is made. Records per second \
            depend on what else the machine does; CPU per record hardly.
            """)

    @Option(help: "Log records of the pipeline parts.") var records = 1_000_000
    @Option(help: "Numbers of streams, separated by commas; default: 1,10,200, with --quick 10.")
    var streams: String?
    @Option(help: "What the backlog part lets pile up, in MB.") var backlogMegabytes = 2_000
    @Option(
        help: "To how many records the growth part lets ledger and spool grow; 10000000 needs 14 GB and some minutes.")
    var growthRecords = 1_000_000
    @Flag(help: "Fewer records and shorter times: everything in under a minute.") var quick = false
    @Option(
        help: .init(
            "What to measure, separated by commas: \(Part.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "parts"))
    var only: String?
    @Option(help: .init("Where all files are made, on a disk as the service will have.", valueName: "path"))
    var directory: String?
    @Option(help: .init("The file that takes the figures as JSON.", valueName: "file")) var json = "twilship-bench.json"
    @Option(help: .init("Show ratios to the figures in this file.", valueName: "file")) var compare: String?

    func run() async throws {
        let earlier = try compare.map {
            try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: $0)))
        }
        let workshop = try Workshop(in: directory)
        var report = Report(machine: Machine.description, quick: quick, figures: [])
        print(report.machine)
        print(Table.head)
        for measurement in try measurements() {
            for figure in try await measurement(workshop) {
                report.figures.append(figure)
                print(Table.line(figure))
                if let before = earlier?.figure(like: figure) { print(Table.ratios(figure, to: before)) }
                fflush(nil)
            }
            // Whatever comes of the next one, this one is kept.
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
    }

    private typealias Measurement = (Workshop) async throws -> [Figure]

    private func measurements() throws -> [Measurement] {
        try parts().flatMap { part -> [Measurement] in
            switch part {
            case .file: try pipeline(.file)
            case .http: try pipeline(.http)
            case .syslog: try pipeline(.syslog)
            case .stages: [StagesPart(records: quick ? 20_000 : 200_000).measure]
            case .catchUp: [one(CatchUpPart(seconds: quick ? 5 : 60).measure)]
            case .idle:
                (quick ? [1] : [1, 100, 1_000]).map { one(IdlePart(streams: $0, seconds: quick ? 6 : 60).measure) }
            case .backlog: [BacklogPart(bytes: quick ? 40_000_000 : backlogMegabytes * 1_000_000).measure]
            case .latency:
                (quick ? [100] : [1, 100, 1_000]).map {
                    one(LatencyPart(rate: $0, seconds: quick ? 3 : 30).measure)
                }
            case .growth: [GrowthPart(records: quick ? 10_000 : growthRecords).measure]
            }
        }
    }

    private func one(_ measure: @escaping (Workshop) throws -> Figure) -> Measurement {
        { [try measure($0)] }
    }

    private func pipeline(_ sink: PipelinePart.Sink) throws -> [Measurement] {
        try counts().map { count in
            let part = PipelinePart(sink: sink, records: quick ? min(records, 50_000) : records, streams: count)
            return one(part.measure)
        }
    }

    private func parts() throws -> [Part] {
        guard let only else { return Part.allCases }
        return try only.split(separator: ",").map { name in
            guard let part = Part(rawValue: String(name)) else { throw ValidationError("There is no part “\(name)”.") }
            return part
        }
    }

    private func counts() throws -> [Int] {
        try (streams ?? (quick ? "10" : "1,10,200")).split(separator: ",").map { text in
            guard let count = Int(text), (1...10_000).contains(count) else {
                throw ValidationError("--streams takes numbers from 1 to 10000, not “\(text)”.")
            }
            return count
        }
    }
}
