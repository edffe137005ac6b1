// Members of JSON objects. Each is written with a comma behind it, which the end of its object takes back.

extension FormWriter {
    /// Writes an object unless `members` writes nothing.
    ///
    /// - Parameter opening: the key with quotes and colon, and the brace.
    @inline(__always)
    mutating func object(_ opening: StaticString, _ members: (inout FormWriter) -> Void) {
        collection(opening, end: "},", members)
    }

    /// Writes an array unless `elements` writes nothing.
    ///
    /// - Parameter opening: the key with quotes and colon, and the bracket.
    @inline(__always)
    mutating func array(_ opening: StaticString, _ elements: (inout FormWriter) -> Void) {
        collection(opening, end: "],", elements)
    }

    @inline(__always)
    private mutating func collection(
        _ opening: StaticString, end: StaticString, _ contents: (inout FormWriter) -> Void
    ) {
        let start = count
        append(opening)
        let inner = count
        contents(&self)
        if count == inner {
            removeLast(count - start)
        } else {
            removeLast(1)
            append(end)
        }
    }

    /// Writes a string member if there is a value.
    ///
    /// - Parameters:
    ///   - opening: the key with quotes and colon, and the value's first quote.
    ///   - contents: as they stand in JSON.
    @inline(__always)
    mutating func string(_ opening: StaticString, _ contents: Text?) {
        guard let contents else { return }
        append(opening)
        append(contents)
        append("\",")
    }

    /// Writes a member whose value is a token of JSON, if there is one.
    ///
    /// - Parameter opening: the key with quotes and colon.
    @inline(__always)
    mutating func token(_ opening: StaticString, _ token: Text?) {
        guard let token else { return }
        append(opening)
        append(token)
        append(JSONByte.comma)
    }

    /// - Parameter opening: the key with quotes and colon.
    mutating func number(_ opening: StaticString, _ number: Int64) {
        append(opening)
        append(number: number)
        append(JSONByte.comma)
    }

    /// Writes a string of an array.
    mutating func element(_ contents: Text?) {
        string("\"", contents)
    }

    /// Writes a string member that holds other JSON, or any UTF-8.
    mutating func escaped(_ opening: StaticString, _ bytes: Text) {
        append(opening)
        append(escaping: bytes)
        append("\",")
    }

    /// Writes the record's message, as far as the extent has it.
    mutating func message(_ envelope: Envelope, _ extent: Extent) {
        guard let message = envelope.message else { return }
        append("\"message\":\"")
        appendMessage { $0.append(message.prefix(limit: extent.messageLimit)) }
        append("\",")
    }
}
