import Parsing

extension Text {
    /// Calls `body` with the contents of each key of the object that this token is, and the token of its value.
    @inline(__always)
    func forEachMember(_ body: (_ key: Text, _ value: Text) -> Void) {
        var cursor = JSONCursor(0..<count)
        guard cursor.enterObject(in: span) else { return }
        while let key = cursor.nextKey(in: span) {
            body(extracting(key), extracting(cursor.skipValue(in: span)))
        }
    }

    /// Calls `body` with the token of each element of the array that this token is.
    @inline(__always)
    func forEachElement(_ body: (_ element: Text) -> Void) {
        var cursor = JSONCursor(0..<count)
        guard cursor.enterArray(in: span) else { return }
        while cursor.reachNextElement(in: span) {
            body(extracting(cursor.skipValue(in: span)))
        }
    }
}
