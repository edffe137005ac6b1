/// What all readers of one load share.
final class ReadingContext {
    let faults = FaultList()
    let capabilities: Capabilities
    let environment: [String: String]

    init(capabilities: Capabilities, environment: [String: String]) {
        self.capabilities = capabilities
        self.environment = environment
    }
}

/// Reads one table: each key is asked for with the type and bounds it must have, and `finish()` reports the keys that
/// nobody asked for.
///
/// - A value with a fault is reported once and read as nil, so that reading goes on with the default.
/// - Nothing is thrown: the faults are in the context.
final class TableReader {
    /// The table's place in the schema: `account.events`; empty for the top of the file.
    let path: String
    let location: SourceLocation
    let context: ReadingContext
    private let entries: [String: TOMLValue.Entry]
    private var asked: Set<String> = []

    init(path: String, location: SourceLocation, entries: [TOMLValue.Entry], context: ReadingContext) {
        self.path = path
        self.location = location
        self.context = context
        self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    var origins: Origins {
        Origins(table: location, values: entries.mapValues(\.value.location))
    }

    /// What is not yet asked for, in the order of the file.
    var leftovers: [TOMLValue.Entry] {
        entries.values.filter { !asked.contains($0.key) }
            .sorted { ($0.keyLocation.line, $0.keyLocation.column) < ($1.keyLocation.line, $1.keyLocation.column) }
    }

    func has(_ key: String) -> Bool { entries[key] != nil }

    /// The value as it stands, which counts as asked for from now on.
    func value(_ key: String) -> TOMLValue? {
        assert(Schema.keys(of: path).contains(key), "\(path).\(key) is not in the schema")
        asked.insert(key)
        return entries[key]?.value
    }

    /// Where a key's value stands; the table's own place if it has none.
    func location(of key: String) -> SourceLocation { entries[key]?.value.location ?? location }

    func fault(_ key: String, _ message: String) { context.faults.add(location(of: key), message) }

    /// At the key itself: for a key that should not be there at all.
    func keyFault(_ key: String, _ message: String) {
        context.faults.add(entries[key]?.keyLocation ?? location, message)
    }

    func missing(_ key: String, _ advice: String) {
        guard !has(key) else { return }
        context.faults.add(location, "`\(key)` is missing \(Schema.place(path)); \(advice)")
    }

    /// A table below this one: `[account.events]`, or inline.
    func table(_ key: String) -> TableReader? {
        guard let value = value(key) else { return nil }
        let name = path.isEmpty ? key : "\(path).\(key)"
        switch value.content {
        case .table(let entries):
            return TableReader(path: name, location: value.location, entries: entries, context: context)
        case .array(let elements) where !elements.isEmpty && elements.allSatisfy(\.isTable):
            keyFault(key, "there is one table \(Schema.header(name)); write it with single brackets")
        default:
            mismatch(key, "a table, \(Schema.header(name))", value)
        }
        return nil
    }

    /// All tables of an array: `[[account]]`.
    func tables(_ key: String) -> [TableReader] {
        guard let value = value(key) else { return [] }
        switch value.content {
        case .array(let elements):
            return elements.compactMap { element in
                guard case .table(let entries) = element.content else {
                    context.faults.add(
                        element.location, "\(Schema.header(key)) must be a table, not \(element.kindName)")
                    return nil
                }
                return TableReader(path: key, location: element.location, entries: entries, context: context)
            }
        case .table(let entries):
            keyFault(key, "there can be several: write \(Schema.header(key)) with double brackets")
            return [TableReader(path: key, location: value.location, entries: entries, context: context)]
        default:
            mismatch(key, "tables, each under its header \(Schema.header(key))", value)
            return []
        }
    }

    /// Reports every key that was not asked for.
    ///
    /// - Parameter explain: what is known about a key in this place in particular; nil to look in the schema.
    func finish(explain: (String) -> String? = { _ in nil }) {
        for entry in leftovers {
            asked.insert(entry.key)
            context.faults.add(
                entry.keyLocation, explain(entry.key) ?? Schema.explanation(of: entry.key, in: path))
        }
    }

    func mismatch(_ key: String, _ expected: String, _ value: TOMLValue) {
        context.faults.add(value.location, "`\(key)` must be \(expected), not \(value.kindName)")
    }
}

extension TOMLValue {
    var isTable: Bool {
        if case .table = content { true } else { false }
    }
}

/// Where a table and its values stand, for faults found later. Equal to any other: a place is no part of a setting.
package struct Origins: Sendable, Equatable {
    package let table: SourceLocation
    let values: [String: SourceLocation]

    /// The place of a key's value; the table's own if the key is not written there.
    package subscript(key: String) -> SourceLocation { values[key] ?? table }

    package static func == (left: Origins, right: Origins) -> Bool { true }
}
