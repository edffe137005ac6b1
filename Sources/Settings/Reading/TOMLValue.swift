/// A value of a configuration file with the places where it and its keys stand.
struct TOMLValue {
    enum Content {
        case table([Entry])
        case array([TOMLValue])
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        /// A date, a time or both, in RFC 3339.
        case date(String)
    }

    struct Entry {
        let key: String
        let keyLocation: SourceLocation
        let value: TOMLValue
    }

    let content: Content
    let location: SourceLocation

    /// For messages: `a string`.
    var kindName: String {
        switch content {
        case .table: "a table"
        case .array: "an array"
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number with a fraction"
        case .boolean: "a boolean"
        case .date: "a date or time"
        }
    }
}
