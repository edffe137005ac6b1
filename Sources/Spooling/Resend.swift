package import PipelineCore

/// Records that a sink is to get once more, since somebody asked for it.
package struct Resend: Sendable {
    package enum Cause: Sendable, Equatable {
        /// They lie in the spool up to and including the number `through`, others that are not for the sink between.
        case replay(job: Int64, through: Int64)
        /// One for each record, in order.
        case deadLetters([Int64])
    }

    package let cause: Cause
    /// Each with a number that tells this sending of it from every other, see `sequence(deadLetter:)`.
    package let records: [SpooledRecord]

    // 2^44 records in one spool are 500 years at a thousand a second; 2^18 replays, one every day for 700.

    static func sequence(deadLetter id: Int64) -> Int64 { (1 << 62) + id }
    static func sequence(job: Int64, _ sequence: Int64) -> Int64 { (job << 44) + sequence }
    /// The record's number in the spool, of one that is sent by a job.
    static func spooledSequence(_ sequence: Int64) -> Int64 { sequence & ((1 << 44) - 1) }
}
