import Foundation
import Testing

/// What a file of rules or a dashboard asks of the metrics.
struct MonitoringAsset {
    struct Query {
        /// In Prometheus' language; a dashboard's variables are filled in.
        let expression: String
        /// The labels that it and the texts beside it name.
        let labels: Set<String>

        /// Of our own metrics and of the process.
        var metrics: Set<String> {
            Set(expression.matches(of: #/\b(twilship|process)_[a-z_]+/#).map { String($0.output.0) })
        }

        init(_ expression: String, texts: [String]) {
            self.expression =
                expression
                .replacing("$__rate_interval", with: "5m").replacing("$instance", with: ".*")
            let selected = expression.matches(of: #/([a-z_]+)(=~|!~|!=|=)\\?"/#).map { String($0.output.1) }
            let grouped = expression.matches(of: #/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/#).flatMap {
                $0.output.1.split { ", ".contains($0) }.map(String.init)
            }
            let told = texts.flatMap { text in
                text.matches(of: #/\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}/#).map { String($0.output.1) }
                    + text.matches(of: #/\$labels\.([a-z_]+)/#).map { String($0.output.1) }
            }
            labels = Set(selected + grouped + told)
        }
    }

    let name: String
    let queries: [Query]

    /// - Parameter name: below `packaging`.
    init(dashboard name: String) throws {
        self.name = name
        let dashboard = try JSONSerialization.jsonObject(with: Self.data(name))
        queries = Self.objects(in: dashboard).compactMap { object in
            if let expression = object["expr"] as? String {
                return Query(expression, texts: [object["legendFormat"] as? String ?? ""])
            }
            // A variable's query: label_values(METRIC, LABEL).
            guard let query = object["query"] as? String,
                let match = query.wholeMatch(of: #/label_values\((\w+), *(\w+)\)/#)
            else { return nil }
            return Query(String(match.output.1), texts: ["{{\(match.output.2)}}"])
        }
    }

    /// - Parameter name: below `packaging`.
    init(rules name: String) throws {
        self.name = name
        let lines = String(decoding: try Self.data(name), as: UTF8.self).split(separator: "\n")
            .filter { !$0.trimmingPrefix(while: \.isWhitespace).hasPrefix("#") }
        // A rule is all from one `- alert:` to the next; its expression is all from `expr:` to the next key.
        let starts = lines.indices.filter { lines[$0].contains("- alert: ") || lines[$0].contains("- record: ") }
        queries = zip(starts, starts.dropFirst() + [lines.endIndex]).map { start, end in
            let rule = lines[start..<end]
            let expression = rule.drop { !$0.contains(#/^\s+expr: /#) }
            let rest = expression.dropFirst().drop { !$0.contains(#/^ {8}[a-z]+:/#) }
            let text = expression[..<rest.startIndex].joined(separator: " ").trimmingPrefix(#/\s+expr: (\|\s*)?/#)
            return Query(String(text), texts: rest.map(String.init))
        }
    }

    /// Rules that record the queries, so that promtool can read them.
    var asRules: String {
        let rules = queries.enumerated().map { number, query in
            "  - record: query:\(number)\n    expr: |\n      \(query.expression.replacing("\n", with: " "))"
        }
        return "groups:\n- name: queries\n  rules:\n\(rules.joined(separator: "\n"))\n"
    }

    private static func data(_ name: String) throws -> Data {
        try Data(contentsOf: DocumentedBlock.root.appending(path: "packaging/" + name))
    }

    private static func objects(in value: Any) -> [[String: Any]] {
        switch value {
        case let object as [String: Any]: [object] + object.sorted { $0.key < $1.key }.flatMap { objects(in: $0.value) }
        case let list as [Any]: list.flatMap(objects)
        default: []
        }
    }
}
