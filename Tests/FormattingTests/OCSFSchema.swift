import Foundation
import Testing

/// The classes and objects of the Open Cybersecurity Schema Framework, as `ocsf-lib` compiles them.
struct OCSFSchema {
    private let classes: [Int: [String: Any]]
    private let objects: [String: [String: Any]]
    private let types: [String: [String: Any]]

    init(_ json: Any) throws {
        let schema = try #require(json as? [String: Any])
        let named = try #require(schema["classes"] as? [String: [String: Any]])
        classes = Dictionary(
            uniqueKeysWithValues: named.values.compactMap { entry in
                (entry["uid"] as? Int).map { ($0, entry) }
            })
        objects = try #require(schema["objects"] as? [String: [String: Any]])
        types = try #require(schema["types"] as? [String: [String: Any]])
    }

    /// What is wrong with an event; empty if nothing is.
    func faults(_ event: [String: Any]) -> [String] {
        guard let uid = event["class_uid"] as? Int, let definition = classes[uid] else { return ["no class_uid"] }
        let metadata = event["metadata"] as? [String: Any] ?? [:]
        var faults = faults(event, definition, "event", metadata["profiles"] as? [String] ?? [])
        if event["category_uid"] as? Int != uid / 1000 { faults.append("category_uid is not the class's") }
        if event["type_uid"] as? Int != uid * 100 + (event["activity_id"] as? Int ?? -1) {
            faults.append("type_uid is not made of class and activity")
        }
        return faults
    }

    private func faults(
        _ object: [String: Any], _ definition: [String: Any], _ path: String, _ profiles: [String]
    ) -> [String] {
        let attributes = definition["attributes"] as? [String: [String: Any]] ?? [:]
        var faults: [String] = []
        for (name, attribute) in attributes where attribute["requirement"] as? String == "required" {
            let isNeeded = (attribute["profile"] as? String).map(profiles.contains) ?? true
            if isNeeded, object[name] == nil { faults.append("\(path).\(name) is missing") }
        }
        let constraints = definition["constraints"] as? [String: [String]] ?? [:]
        if let some = constraints["at_least_one"], !some.contains(where: { object[$0] != nil }) {
            faults.append("\(path) has none of \(some)")
        }
        for (name, value) in object {
            guard let attribute = attributes[name] else {
                faults.append("\(path).\(name) is unknown")
                continue
            }
            if let profile = attribute["profile"] as? String, !profiles.contains(profile) {
                faults.append("\(path).\(name) belongs to profile \(profile)")
            }
            let isArray = attribute["is_array"] as? Bool ?? false
            guard isArray == (value is [Any]) else {
                faults.append("\(path).\(name) is a list or not")
                continue
            }
            for element in value as? [Any] ?? [value] {
                faults += self.faults(element, of: attribute, "\(path).\(name)", profiles)
            }
        }
        return faults
    }

    private func faults(_ value: Any, of attribute: [String: Any], _ path: String, _ profiles: [String]) -> [String] {
        if let allowed = attribute["enum"] as? [String: Any], allowed["\(value)"] == nil {
            return ["\(path): \(value) is not in the enumeration"]
        }
        let type = attribute["type"] as? String ?? ""
        if let object = objects[type] {
            guard let members = value as? [String: Any] else { return ["\(path) is no object"] }
            return type == "object" ? [] : faults(members, object, path, profiles)
        }
        return fits(value, type) ? [] : ["\(path): \(value) is no \(type)"]
    }

    private func fits(_ value: Any, _ type: String) -> Bool {
        guard let definition = types[type] else { return false }
        switch definition["type"] as? String ?? type {
        case "integer_t", "long_t":
            return value is Int
        case "boolean_t":
            return value is Bool
        case "string_t":
            guard let text = value as? String else { return false }
            if let longest = definition["max_len"] as? Int, text.count > longest { return false }
            guard let pattern = definition["regex"] as? String else { return true }
            return text.range(of: pattern, options: .regularExpression) != nil
        default:
            return false
        }
    }
}
