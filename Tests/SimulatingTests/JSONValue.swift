import Foundation

/// JSON as it was sent, so that tests see what is null, missing or a number.
enum JSONValue: Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// By JSONSerialization: a JSONDecoder that tries one type after the other took a millisecond a record.
    init(_ bytes: [UInt8]) throws {
        self = Self.value(try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed))
    }

    private static func value(_ any: Any) -> JSONValue {
        switch any {
        case let text as String: .string(text)
        case let members as [String: Any]: .object(members.mapValues(value))
        case let elements as [Any]: .array(elements.map(value))
        case let number as NSNumber:
            switch String(cString: number.objCType) {
            case "c": .bool(number.boolValue)
            case "d", "f": .number(number.doubleValue)
            default: .integer(number.intValue)
            }
        default: .null
        }
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    var keys: Set<String> {
        if case .object(let members) = self { Set(members.keys) } else { [] }
    }
}
