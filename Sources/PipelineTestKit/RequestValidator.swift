import Foundation
package import Transport

/// Checks requests against Twilio's OpenAPI documents: that the path exists, that the method is one of it, and that
/// each parameter is known, of the right type, and within its bounds.
package struct RequestValidator: Sendable {
    private struct Parameter: Sendable {
        let name: String
        let isInPath: Bool
        let type: String
        let format: String?
        let pattern: String?
        let minimum: Int?
        let maximum: Int?
        let choices: [String]?
    }

    private struct Operation: Sendable {
        let path: [String]
        let parameters: [Parameter]
    }

    private let operations: [Operation]

    /// The documents that are kept beside the project; nil where they are not.
    ///
    /// Looked for in `$TWILSHIP_SHARED`, else in a folder `shared` beside any folder this file is in.
    package static let shared: RequestValidator? = {
        if let named = ProcessInfo.processInfo.environment["TWILSHIP_SHARED"] {
            return try? RequestValidator(folder: named + "/twilio-openapi")
        }
        var folder = URL(filePath: #filePath)
        for _ in 0..<8 {
            folder.deleteLastPathComponent()
            let documents = folder.appending(path: "shared/twilio-openapi").path
            if let validator = try? RequestValidator(folder: documents) { return validator }
        }
        return nil
    }()

    /// Says in a test's output that nothing was tested.
    package static let absence = "skipped: no twilio-openapi folder; set TWILSHIP_SHARED to the folder it is in"

    /// - Parameter folder: where the documents are, JSON of OpenAPI 3.0.
    /// - Throws: when there are none, or one cannot be read.
    package init(folder: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
        guard !names.isEmpty else { throw CocoaError(.fileNoSuchFile) }
        operations = try names.sorted().flatMap { name in
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
            guard let document = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
                throw CocoaError(.fileReadCorruptFile)
            }
            return Self.operations(of: document)
        }
    }

    /// What is wrong with a request, one sentence each; empty if it is as documented.
    package func problems(with request: HTTPRequest) -> [String] {
        guard request.method == .get else { return ["\(request.method.rawValue) is not how anything is read"] }
        let parts = request.url.path.split(separator: "/").map(String.init)
        let candidates = operations.filter { Self.matches($0.path, parts) }
        guard let operation = candidates.min(by: { Self.holes($0) < Self.holes($1) }) else {
            return ["\(request.url.path) is no documented path"]
        }
        var problems: [String] = []
        for (template, part) in zip(operation.path, parts) where template.hasPrefix("{") {
            let name = String(template.dropFirst().prefix { $0 != "}" })
            let parameter = operation.parameters.first { $0.isInPath && $0.name == name }
            problems += parameter.map { Self.problems(part, $0) } ?? ["{\(name)} is not documented"]
        }
        var seen: Set<String> = []
        for item in (request.url.query ?? "").split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, let value = pair[1].removingPercentEncoding else {
                problems.append("\(item) cannot be decoded")
                continue
            }
            if !seen.insert(pair[0]).inserted { problems.append("\(pair[0]) is given twice") }
            let parameter = operation.parameters.first { !$0.isInPath && $0.name == pair[0] }
            problems += parameter.map { Self.problems(value, $0) } ?? ["\(pair[0]) is no documented parameter"]
        }
        return problems.map { "\(request.url.path): \($0)" }
    }

    // MARK: - Documents

    private static func operations(of document: [String: Any]) -> [Operation] {
        let paths = document["paths"] as? [String: [String: Any]] ?? [:]
        return paths.compactMap { path, item in
            guard let get = item["get"] as? [String: Any] else { return nil }
            let listed = (item["parameters"] as? [[String: Any]] ?? []) + (get["parameters"] as? [[String: Any]] ?? [])
            return Operation(
                path: path.split(separator: "/").map(String.init),
                parameters: listed.compactMap { parameter($0, document) })
        }
    }

    private static func parameter(_ listed: [String: Any], _ document: [String: Any]) -> Parameter? {
        guard let name = listed["name"] as? String, var schema = listed["schema"] as? [String: Any] else { return nil }
        if let reference = schema["$ref"] as? String {
            let target = reference.split(separator: "/").dropFirst().reduce(document as Any?) { node, key in
                (node as? [String: Any])?[String(key)]
            }
            schema = target as? [String: Any] ?? [:]
        }
        return Parameter(
            name: name, isInPath: listed["in"] as? String == "path", type: schema["type"] as? String ?? "string",
            format: schema["format"] as? String, pattern: schema["pattern"] as? String,
            minimum: schema["minimum"] as? Int, maximum: schema["maximum"] as? Int, choices: schema["enum"] as? [String]
        )
    }

    // MARK: - Requests

    private static func matches(_ template: [String], _ parts: [String]) -> Bool {
        template.count == parts.count
            && zip(template, parts).allSatisfy { template, part in
                guard template.hasPrefix("{") else { return template == part }
                return template.hasSuffix("}") || part.hasSuffix(template.drop { $0 != "}" }.dropFirst())
            }
    }

    private static func holes(_ operation: Operation) -> Int { operation.path.count { $0.hasPrefix("{") } }

    private static func problems(_ value: String, _ parameter: Parameter) -> [String] {
        var problems: [String] = []
        func require(_ isFine: Bool, _ what: String) {
            if !isFine { problems.append("\(parameter.name)=\(value) is not \(what)") }
        }
        if parameter.type == "integer" {
            let number = Int(value)
            require(number != nil, "a number")
            require(number.map { $0 >= parameter.minimum ?? .min } ?? true, "at least \(parameter.minimum ?? 0)")
            require(number.map { $0 <= parameter.maximum ?? .max } ?? true, "at most \(parameter.maximum ?? 0)")
        }
        if parameter.format == "date-time" { require(isDateTime(value), "a date-time of RFC 3339") }
        if let pattern = parameter.pattern {
            require(value.range(of: pattern, options: .regularExpression) != nil, "as \(pattern) wants it")
        }
        if let choices = parameter.choices { require(choices.contains(value), "one of \(choices)") }
        return problems
    }

    private static func isDateTime(_ text: String) -> Bool {
        let form = #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"#
        return text.range(of: form, options: .regularExpression) != nil
    }
}
