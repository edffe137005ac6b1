/// How many places of each kind were redacted in one record.
struct RedactionCounts {
    private var counts = InlineArray<4, Int>(repeating: 0)

    subscript(kind: RedactionKind) -> Int {
        get { counts[kind.rawValue] }
        set { counts[kind.rawValue] = newValue }
    }

    var isEmpty: Bool { RedactionKind.allCases.allSatisfy { self[$0] == 0 } }

    /// Writes the envelope's mark, `{"phone":2}`.
    func write(to writer: inout FormWriter) {
        writer.append(JSONByte.openBrace)
        for kind in RedactionKind.allCases where self[kind] > 0 { writer.number(kind.key, Int64(self[kind])) }
        if writer.last == JSONByte.comma { writer.removeLast() }
        writer.append(JSONByte.closeBrace)
    }
}
