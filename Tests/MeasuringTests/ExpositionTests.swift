import CoreMetrics
import Foundation
import Testing

@testable import Measuring

@Suite struct ExpositionTests {
    @Test func `a family is its help, its type and its samples`() {
        let family = MetricFamily(
            "twilship_sink_backlog_records", .gauge, "Records that wait.",
            [.init(["sink": "archive"], 3), .init(["sink": "siem"], 0)])
        #expect(
            Exposition.text([family]) == """
                # HELP twilship_sink_backlog_records Records that wait.
                # TYPE twilship_sink_backlog_records gauge
                twilship_sink_backlog_records{sink="archive"} 3
                twilship_sink_backlog_records{sink="siem"} 0

                """)
    }

    @Test func `label values may hold anything, and stay one value`() {
        let hostile = "a\\b\"c\nd\r\u{0}é\u{2028}} 1"
        let text = Exposition.text([MetricFamily("a", .gauge, "x\\y\nz\"", [.init(["l": hostile], 1)])])
        #expect(
            text == "# HELP a x\\\\y\\nz\"\n# TYPE a gauge\na{l=\"a\\\\b\\\"c\\nd\r\u{0}é\u{2028}} 1\"} 1\n")
    }

    @Test(arguments: [
        (0, "0"), (-3, "-3"), (2.5, "2.5"), (1_780_000_000.123, "1780000000.123"), (.nan, "NaN"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (0x1p53, "9007199254740992"), (1e300, "1e+300"),
    ])
    func `numbers are written as Prometheus reads them`(_ value: Double, _ text: String) {
        #expect(Exposition.text([MetricFamily("a", .gauge, "b", value)]).hasSuffix("\na \(text)\n"))
    }

    @Test func `what has no samples is left out`() {
        #expect(Exposition.text([MetricFamily("a", .gauge, "b", nil)]).isEmpty)
    }

    @Test func `counters with the same labels count together, whatever makes them`() {
        let registry = CounterRegistry()
        for status in ["200", "200", "429"] {
            Counter(label: "requests", dimensions: [("account", "a"), ("status", status)], factory: registry)
                .increment()
        }
        Counter(label: "others", factory: registry).increment(by: 7)
        #expect(
            registry.samples(of: "requests") == [
                .init(["account": "a", "status": "200"], 2), .init(["account": "a", "status": "429"], 1),
            ])
        #expect(registry.samples(of: "others") == [.init(7)])
        // A counter that is let go of keeps its count; one that is destroyed does not.
        Counter(label: "others", factory: registry).destroy()
        #expect(registry.samples(of: "others").isEmpty)
    }

    @Test func `a counter at its end begins anew and does not stop the program`() {
        let registry = CounterRegistry()
        let counter = Counter(label: "a", factory: registry)
        counter.increment(by: Int64.max)
        counter.increment()
        counter.increment()
        #expect(registry.samples(of: "a") == [.init(1)])
    }

    @Test func `the process is described as the kernel has it`() throws {
        let families = ProcessFigures().families()
        #expect(families.map(\.name).allSatisfy { $0.hasPrefix("process_") })
        func value(_ name: String) throws -> Double {
            try #require(families.first { $0.name == name }?.samples.first?.value)
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"))
        #expect(try value("process_open_fds") >= 3)
        #expect(try value("process_max_fds") > value("process_open_fds"))
        #expect(try value("process_cpu_seconds_total") >= 0)
        let age = try Date().timeIntervalSince1970 - value("process_start_time_seconds")
        #expect(age > 0 && age < 7_200)
    }
}
