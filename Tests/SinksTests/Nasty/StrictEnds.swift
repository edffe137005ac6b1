import Foundation
import Synchronization
import Testing

@testable import Sinks

/// Splunk's event collector, as strict as its documentation: only what is right in every point is taken.
///
/// https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
final class StrictHEC: Sendable {
    private static let keys: Set<String> = ["time", "host", "source", "sourcetype", "index", "fields", "event"]
    private let taken = Mutex<[String]>([])

    /// In the form that `normal` gives them.
    var events: [String] { taken.withLock { $0 } }

    func answer(_ request: Collector.Request) -> Collector.Answer {
        guard request.method == "POST", request.target == "/services/collector/event" else { return Self.no(404, 404) }
        guard request["Authorization"] == "Splunk t0ken" else { return Self.no(403, 4) }
        var events: [String] = []
        for (number, line) in request.text.split(separator: "\n").enumerated() {
            switch Self.event(String(line)) {
            case .success(let event): events.append(event)
            case .failure(let refusal): return Self.no(400, refusal.code, event: number)
            }
        }
        guard !events.isEmpty else { return Self.no(400, 5) }
        taken.withLock { $0 += events }
        return .init(200, #"{"text":"Success","code":0}"#)
    }

    private struct Refusal: Error { let code: Int }

    private static func event(_ line: String) -> Result<String, Refusal> {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            Set(object.keys).isSubset(of: keys), object["time"] is NSNumber,
            ["host", "source", "sourcetype"].allSatisfy({ object[$0] is String })
        else { return .failure(Refusal(code: 6)) }
        guard let event = object["event"] else { return .failure(Refusal(code: 12)) }
        if let text = event as? String, text.isEmpty { return .failure(Refusal(code: 13)) }
        guard object["fields"] is [String: String] else { return .failure(Refusal(code: 15)) }
        guard let text = event as? String ?? (event as? [String: Any]).flatMap(Self.sorted) else {
            return .failure(Refusal(code: 6))
        }
        return .success(text)
    }

    /// A line as an event holds it: text as it is, JSON whatever its white space and the order of its keys.
    static func normal(_ line: String, isText: Bool) throws -> String {
        guard !isText else { return line }
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(object.flatMap(sorted))
    }

    private static func sorted(_ object: [String: Any]) -> String? {
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func no(_ status: Int, _ code: Int, event: Int? = nil) -> Collector.Answer {
        let place = event.map { #","invalid-event-number":\#($0)"# } ?? ""
        return .init(status, #"{"text":"no","code":\#(code)\#(place)}"#)
    }
}

/// Elasticsearch's `_bulk`, as strict as its documentation: an id is created once, a data stream wants `@timestamp`.
final class StrictBulk: Sendable {
    private struct State {
        var ids: Set<String> = []
        var documents: [String] = []
        var conflicts = 0
    }

    private let state = Mutex(State())

    var documents: [String] { state.withLock(\.documents) }
    /// How many were there already.
    var conflicts: Int { state.withLock(\.conflicts) }

    func answer(_ request: Collector.Request) -> Collector.Answer {
        guard request["Content-Type"] == "application/x-ndjson", request.text.utf8.last == UInt8(ascii: "\n") else {
            return .init(400, #"{"error":{"reason":"The bulk request must be terminated by a newline [\\n]"}}"#)
        }
        let path = request.target.prefix { $0 != "?" }
        let lines = request.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        guard lines.count.isMultiple(of: 2) else { return .init(400, #"{"error":{"reason":"a document is missing"}}"#) }
        return state.withLock { state in
            let items = stride(from: 0, to: lines.count, by: 2).map { place in
                Self.create(lines[place], lines[place + 1], hasIndex: path != "/_bulk", in: &state)
            }
            let statuses = items.map { #"{"create":{"status":\#($0)}}"# }.joined(separator: ",")
            return .init(200, #"{"errors":\#(!items.allSatisfy { $0 == 201 }),"items":[\#(statuses)]}"#)
        }
    }

    private static func create(_ action: String, _ document: String, hasIndex: Bool, in state: inout State) -> Int {
        guard let action = try? JSONSerialization.jsonObject(with: Data(action.utf8)) as? [String: [String: String]],
            action.count == 1, let target = action["create"], let id = target["_id"], id.utf8.count <= 512,
            hasIndex != (target["_index"] != nil),
            let object = try? JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any],
            hasIndex || object["@timestamp"] is String
        else { return 400 }
        guard state.ids.insert((target["_index"] ?? "") + "/" + id).inserted else {
            state.conflicts += 1
            return 409
        }
        state.documents.append(document)
        return 201
    }
}
