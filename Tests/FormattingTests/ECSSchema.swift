import Foundation
import Testing

/// The fields of the Elastic Common Schema, read from its flat form (`generated/ecs/ecs_flat.yml`), of which only what
/// is looked at here is understood.
struct ECSSchema {
    struct Field {
        var type = ""
        var isArray = false
        /// Allowed values with the values of `event.type` that each expects.
        var allowed: [String: [String]] = [:]
    }

    private(set) var fields: [String: Field] = [:]

    init(yaml: String) {
        var name = ""
        var section = ""
        var value = ""
        var subsection = ""
        for line in yaml.split(separator: "\n", omittingEmptySubsequences: true) {
            let bare = line.drop { $0 == " " }
            switch line.count - bare.count {
            case 0 where line.hasSuffix(":"):
                name = line.dropLast().trimmingCharacters(in: CharacterSet(charactersIn: "'"))
                fields[name] = Field()
                section = ""
            case 2 where bare.hasPrefix("- "):
                if section == "normalize", bare == "- array" { fields[name]?.isArray = true }
                subsection = ""
            case 2:
                section = String(bare.prefix { $0 != ":" })
                if section == "type" { fields[name]?.type = String(bare.dropFirst(6)) }
            case 4 where section == "allowed_values" && bare.hasPrefix("- "):
                if subsection == "expected_event_types" { pending.append(String(bare.dropFirst(2))) }
            case 4 where section == "allowed_values":
                subsection = String(bare.prefix { $0 != ":" })
                if subsection == "expected_event_types" { pending = [] }
                if subsection == "name" {
                    value = String(bare.dropFirst(6))
                    fields[name]?.allowed[value] = pending
                    pending = []
                }
            default: break
            }
        }
    }

    /// The values of `event.type` read before the name of the value that expects them.
    private var pending: [String] = []
}

extension ECSSchema {
    /// What is wrong with a document; empty if nothing is.
    func faults(_ document: [String: Any]) -> [String] {
        var faults: [String] = []
        func visit(_ path: String, _ value: Any) {
            if path == "twilio" { return }
            if let object = value as? [String: Any] {
                if object.isEmpty { faults.append("\(path) is empty") }
                for (key, value) in object { visit(path.isEmpty ? key : "\(path).\(key)", value) }
                return
            }
            guard let field = fields[path] else {
                faults.append("\(path) is not in the schema")
                return
            }
            if field.isArray != (value is [Any]) { faults.append("\(path) is a list or not") }
            for element in value as? [Any] ?? [value] {
                if !Self.fits(element, field.type) { faults.append("\(path): \(element) is no \(field.type)") }
                if !field.allowed.isEmpty, field.allowed[element as? String ?? ""] == nil {
                    faults.append("\(path): \(element) is not allowed")
                }
            }
        }
        visit("", document)
        let event = document["event"] as? [String: Any] ?? [:]
        for category in event["category"] as? [String] ?? [] {
            let expected = fields["event.category"]?.allowed[category] ?? []
            for type in event["type"] as? [String] ?? [] where !expected.contains(type) {
                faults.append("\(category) does not expect \(type)")
            }
        }
        for (name, field) in fields where field.type == "date" && name == "@timestamp" && document[name] == nil {
            faults.append("\(name) is missing")
        }
        return faults
    }

    private static func fits(_ value: Any, _ type: String) -> Bool {
        switch type {
        case "long":
            return value is Int
        case "ip":
            guard let text = value as? String else { return false }
            return text.wholeMatch(of: #/[0-9]+(\.[0-9]+){3}|[0-9a-f:]+:[0-9a-f:]*/#) != nil
        case "date":
            guard let text = value as? String else { return false }
            return text.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil
        case "keyword", "wildcard", "match_only_text":
            return value is String
        default:
            return false
        }
    }
}
