extension Text {
    /// Calls `body` with the contents of each key of the object that this token is, and the token of its value.
    @inline(__always)
    func forEachMember(_ body: (_ key: Text, _ value: Text) -> Void) {
        var cursor = EnvelopeCursor(self)
        cursor.forEachMember { key, cursor in body(key, cursor.skipValue()) }
    }

    /// Calls `body` with the token of each element of the array that this token is.
    @inline(__always)
    func forEachElement(_ body: (_ element: Text) -> Void) {
        var cursor = EnvelopeCursor(self)
        guard cursor.enter(JSONByte.openBracket) else { return }
        while cursor.reachNextElement() { body(cursor.skipValue()) }
    }
}

extension EnvelopeCursor {
    /// Walks through the object that begins here. `body` is called with the contents of each key, and must go behind its
    /// value.
    @inline(__always)
    mutating func forEachMember(_ body: (_ key: Text, _ cursor: inout EnvelopeCursor) -> Void) {
        guard enter(JSONByte.openBrace) else {
            _ = skipValue()
            return
        }
        while let key = nextKey() { body(key, &self) }
    }
}
