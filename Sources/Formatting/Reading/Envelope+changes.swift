extension Envelope {
    /// One property that an audit event changed. Values are contents of JSON strings; nil stands for what Twilio did not
    /// give, or gave as null.
    struct Change {
        var field: Text?
        var previous: Text?
        var updated: Text?
    }

    /// At most as many as the envelope carries, which are 100.
    var changeList: [Change] {
        var list: [Change] = []
        changes?.forEachElement { element in
            var change = Change()
            element.forEachMember { key, value in
                if key.equals("field") { change.field = value.contents }
                if key.equals("previous") { change.previous = value.contents }
                if key.equals("updated") { change.updated = value.contents }
            }
            list.append(change)
        }
        return list
    }

    /// Calls `body` with each member that only twilship's own records have.
    func forEachOther(_ body: (_ key: Text, _ value: Text) -> Void) {
        guard hasOthers else { return }
        metadata.forEachMember { key, value in
            if EnvelopeKey(key) == .other { body(key, value) }
        }
    }
}
