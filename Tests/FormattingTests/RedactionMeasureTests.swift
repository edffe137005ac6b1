import Formatting
import Foundation
import PipelineCore
import Testing

/// How much of what is labelled is found (recall), and how much of what is taken is labelled (precision).
///
/// The samples hold what is known to be missed, too: figures that could not sink would say nothing.
struct RedactionMeasureTests {
    struct Span: Hashable {
        let kind: String
        /// In bytes of the text.
        let place: Range<Int>
    }

    struct Sample {
        let text: String
        let labels: Set<Span>

        /// Of a line with labels like `{phone|+15550100451}` in it.
        init(_ line: Substring) {
            var text = ""
            var labels: Set<Span> = []
            var rest = line
            while let label = rest.firstMatch(of: #/\{(?<kind>phone|email|secret|card)\|(?<value>[^}]*)\}/#) {
                text += rest[..<label.range.lowerBound]
                let start = text.utf8.count
                text += label.value
                labels.insert(Span(kind: String(label.kind), place: start..<text.utf8.count))
                rest = rest[label.range.upperBound...]
            }
            self.text = text + rest
            self.labels = labels
        }
    }

    struct Measure: Equatable {
        var labelled = 0
        var taken = 0
        var right = 0

        var recall: Double { labelled == 0 ? 1 : Double(right) / Double(labelled) }
        var precision: Double { taken == 0 ? 1 : Double(right) / Double(taken) }
    }

    private static func samples() throws -> [Sample] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "labelled-messages.txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map(Sample.init)
    }

    /// What was taken out of a text: the pieces between the marks are the text's own, in order.
    private static func taken(from text: String, by output: String) throws -> Set<Span> {
        let mark = #/\[redacted:(?<kind>[a-z]+)\]/#
        let kinds = output.matches(of: mark).map { String($0.kind) }
        let pieces = output.split(separator: mark, omittingEmptySubsequences: false).map { Array($0.utf8) }
        try #require(pieces.count == kinds.count + 1)
        let bytes = Array(text.utf8)
        var place = pieces[0].count
        var spans: Set<Span> = []
        for (kind, piece) in zip(kinds, pieces.dropFirst()) {
            let isLast = spans.count == kinds.count - 1
            let end =
                isLast ? bytes.count - piece.count : try #require(bytes[place...].firstRange(of: piece)).lowerBound
            spans.insert(Span(kind: kind, place: place..<end))
            place = end + piece.count
        }
        return spans
    }

    /// The figures are those of the page about formats.
    @Test(arguments: ["phone", "email", "secret", "card"])
    func `precision and recall on labelled messages are at least what the documentation says`(kind: String) throws {
        var format = RecordFormat.envelope(raw: .none)
        format.redaction = [.phone, .email, .secret, .card]
        var measure = Measure()
        var missed: [String] = []
        var wrong: [String] = []
        for sample in try Self.samples() {
            let line = format.line(try Records.log(["message": sample.text]))
            let output = try #require(try object(line)["message"] as? String)
            let taken = try Self.taken(from: sample.text, by: output).filter { $0.kind == kind }
            let labels = sample.labels.filter { $0.kind == kind }
            measure.labelled += labels.count
            measure.taken += taken.count
            measure.right += taken.intersection(labels).count
            if !labels.isSubset(of: taken) { missed.append("\(sample.text) → \(output)") }
            if !taken.isSubset(of: labels) { wrong.append("\(sample.text) → \(output)") }
        }
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Sources/twilship/Documentation.docc/Formats.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let row = try #require(
            text.firstMatch(of: try Regex("\\| `\(kind)` \\| (\\d+) \\| (\\d+) % \\| (\\d+) % \\|")))
        let figures = try (1...3).map { try #require(Int(row[$0].substring ?? "")) }
        #expect(figures[0] == measure.labelled)
        #expect(measure.precision * 100 >= Double(figures[1]), "\(measure): \(wrong)")
        #expect(measure.recall * 100 >= Double(figures[2]), "\(measure): \(missed)")
        // No better than measured, either.
        #expect(Double(figures[1]) > measure.precision * 100 - 1 && Double(figures[2]) > measure.recall * 100 - 1)
    }
}
