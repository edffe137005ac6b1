package import PipelineCore

package struct Resend: Sendable {
    package enum Cause: Sendable, Equatable {
        case replay(job: Int64, through: Int64)
        case deadLetters([Int64])
    }
    package let cause: Cause
    package let records: [SpooledRecord]
}

extension Spool {
    package func nextResend(of sink: String, maximumRecords: Int, maximumBytes: Int) throws -> Resend? { nil }
    package func settle(
        _ resend: Resend, of sink: String, verdicts: [Verdict], filtered: [Int], state: SinkState
    ) throws {}
    package func deadLetterRoom(bytes: Int) throws -> Bool { true }
}
