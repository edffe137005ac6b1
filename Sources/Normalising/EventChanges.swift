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
        /// JSON tokens; empty when there is none.
        var previous: Text
        var updated: Text
    }

    private(set) var all: [Change] = []

    init(eventData: Text) {
        eventData.forEachMember { key, value in
            if key.equals("resource_properties") {
                value.forEachMember { property, value in
                    all.append(
                        Change(pair: value, field: property)
                            ?? Change(field: property, previous: value.extracting(0..<0), updated: value))
                }
            } else if let change = Change(pair: value, field: key) {
                all.append(change)
            }
        }
    }
}

extension EventChanges.Change {
    /// Nil if the value is no object with a previous or an updated value. Of equal keys the first counts.
    fileprivate init?(pair: Text, field: Text) {
        let nothing = pair.extracting(0..<0)
        self.init(field: field, previous: nothing, updated: nothing)
        pair.forEachMember { key, value in
            if previous.isEmpty, key.equals("previous") { previous = value }
            if updated.isEmpty, key.equals("updated") { updated = value }
        }
        if previous.isEmpty && updated.isEmpty { return nil }
    }
}

extension Text {
    /// Visits the members of an object token: the key's contents and the value's token.
    fileprivate func forEachMember(_ visit: (_ key: Text, _ value: Text) -> Void) {
        guard first == UInt8(ascii: "{") else { return }
        var members = JSONMembers(of: 0..<count, in: span)
        while let member = members.next(in: span) {
            visit(extracting(member.key), extracting(member.value))
        }
    }
}
