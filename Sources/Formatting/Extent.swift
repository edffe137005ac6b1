/// How much of a record is written.
struct Extent {
    var hasRaw = true
    /// `changes` of an audit event, and the members of twilship's own records that no other record has.
    var hasDetails = true
    /// Nothing but who, what and when, and of each value at most `essentialLimit` bytes.
    var isEssential = false
    /// Of the message, in bytes as they are written.
    var messageLimit = Int.max
    /// How long the record is when nothing is left out; nil if nothing is.
    var fullLength: Int?

    var isShortened: Bool { fullLength != nil }

    /// Of an id 80 bytes: `sha256:` and its digits are 71, and a number may follow.
    static let idLimit = 80
    static let essentialLimit = 64

    static let full = Extent()

    /// The steps in which a record that is too long is made shorter. In each, the message is cut as far as need be
    /// before the next one is tried.
    static func steps(fullLength: Int) -> [Extent] {
        let withoutRaw = Extent(hasRaw: false, fullLength: fullLength)
        var withoutDetails = withoutRaw
        withoutDetails.hasDetails = false
        var essential = withoutDetails
        essential.isEssential = true
        return [withoutRaw, withoutDetails, essential]
    }

    /// A value as far as it is written.
    func limited(_ contents: Text, to limit: Int = essentialLimit) -> Text {
        isEssential ? contents.prefix(limit: limit) : contents
    }
}
