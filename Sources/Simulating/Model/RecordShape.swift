/// What a record looks like, where it is not as documented.
package enum RecordShape: String, CaseIterable, Sendable {
    /// Every known field is there and null. All such records of a dataset are the same text.
    case allNull = "all-null"
    case noSID = "no-sid"
    case nullSID = "null-sid"
    case noDate = "no-date"
    case nullDate = "null-date"
    /// A date that is none.
    case badDate = "bad-date"
    /// A good date in another form of RFC 3339: an offset, and microseconds.
    case otherDate = "other-date"
    /// A string in the place of an object.
    case text = "text"
    /// A null in the place of an object.
    case null = "null"
    /// An overlong and a cut sequence inside a text.
    case invalidUTF8 = "invalid-utf8"
    /// A megabyte in an unknown field.
    case huge = "huge"
    /// Five hundred arrays in each other in an unknown field.
    case deep = "deep"

    /// Whether such a record can be told from others by its SID.
    package var hasSID: Bool {
        switch self {
        case .allNull, .noSID, .nullSID, .text, .null: false
        case .noDate, .nullDate, .badDate, .otherDate, .invalidUTF8, .huge, .deep: true
        }
    }
}
