import Parsing

/// What an audit event changed: `event_data` in both its shapes, with `resource_properties` around the properties and
/// without.
///
/// A property is `{"previous": …, "updated": …}`, one of which may be missing. Among `resource_properties` a value that
/// is not such a pair counts as the updated one. Beside them, and in the flat shape, only pairs are properties: what else
/// stands there (`"empty": false`, `"previous_properties": {}`) describes the event.
struct EventChanges {
    /// How many of them the envelope carries.
    static let limit = 100

    struct Change {
        /// The property's name as it stands in the JSON, without quotes.
        let field: Text
        /// Whether the value was an object with `previous`, `updated` or both.
        let isPair: Bool
        /// JSON tokens; empty when there is none.
        let previous: Text
        let updated: Text
    }

    private(set) var all: [Change] = []

    init(eventData: Text) {
        let bytes = eventData.span
        var cursor = JSONCursor(0..<eventData.count)
        guard cursor.enterObject(in: bytes) else { return }
        all.reserveCapacity(8)  // more than most have: growing costs as much as reading
        while let key = cursor.nextKey(in: bytes) {
            if eventData.extracting(key).equals("resource_properties"), cursor.enterObject(in: bytes) {
                while let property = cursor.nextKey(in: bytes) {
                    all.append(eventData.property(named: property, at: &cursor))
                }
            } else {
                let member = eventData.property(named: key, at: &cursor)
                if member.isPair { all.append(member) }
            }
        }
    }
}

extension Text {
    /// Reads the value at the cursor. Of equal keys in a pair the first counts.
    fileprivate func property(named key: Range<Int>, at cursor: inout JSONCursor) -> EventChanges.Change {
        let start = cursor.position
        guard cursor.enterObject(in: span) else {
            return EventChanges.Change(
                field: extracting(key), isPair: false, previous: extracting(0..<0),
                updated: extracting(cursor.skipValue(in: span)))
        }
        var previous: Range<Int>?
        var updated: Range<Int>?
        while let side = cursor.nextKey(in: span) {
            let value = cursor.skipValue(in: span)
            if previous == nil, extracting(side).equals("previous") { previous = value }
            if updated == nil, extracting(side).equals("updated") { updated = value }
        }
        let isPair = previous != nil || updated != nil
        return EventChanges.Change(
            field: extracting(key), isPair: isPair, previous: extracting(previous ?? 0..<0),
            updated: extracting(isPair ? updated ?? 0..<0 : start..<cursor.position))
    }
}
