package import PipelineCore

/// Numbers records that nothing tells apart: those without a SID whose bytes are equal. Two lines that a Function
/// printed are two records then, though they look the same.
///
/// - A record with a SID is always the first: read twice, it is still one record.
/// - Only how many equal records there are matters, not their order or what lies between them: whoever counts the same
///   set again gets the same identities, and whoever counts more of them gets those and some on top.
/// - The first keeps its plain identity, so what was taken before records were numbered is known still.
///
/// What it cannot know is whether two equal records are two or one that was listed twice. So it counts as far as one
/// value of it is used, and that should be one page: an answer lists nothing twice. Over all pages of a pass, a record
/// that moved to the next page while they were read, or one in both of two overlapping queries, would become a second
/// one that never was, delivered under an identity of its own. Counted page by page the price is another: equal records
/// that lie on different pages are one, until a page has more of them.
package struct Occurrences {
    private var counts: [RecordIdentity: Int] = [:]

    package init() {}

    /// Which one of its equals this record is: 1 for the first.
    package mutating func number(of slot: SourceRecord.Slot) -> Int {
        guard slot.flaws.isNameless else { return 1 }
        let number = (counts[slot.identity] ?? 0) + 1
        counts[slot.identity] = number
        return number
    }
}

extension RecordIdentity {
    /// The identity of the n-th of equal records: itself for the first, else the first half of the SHA-256 of its 16
    /// bytes and the number's 8, most significant first.
    ///
    /// - Parameter number: at least 1.
    package func occurrence(_ number: Int) -> RecordIdentity {
        precondition(number >= 1)
        guard number > 1 else { return self }
        let bytes = [high, low, UInt64(number)].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
        return .of(bytes[...])
    }
}
