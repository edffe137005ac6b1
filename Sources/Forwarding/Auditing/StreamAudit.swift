package import PipelineCore
package import Spooling

/// What an audit has found of one stream.
package struct StreamAudit: Sendable {
    /// A record that Twilio has and that was never taken.
    package struct Missing: Sendable {
        package let item: LedgerItem
        /// The envelope's `id`.
        package let id: String
    }

    /// A day whose records are no longer known one by one, and of which Twilio has others than were taken.
    package struct Difference: Sendable {
        /// Since 1970-01-01.
        package let day: Int64
        package let atTwilio: RecordTally
        package let taken: RecordTally

        /// At least so many are missing, and so many were taken that Twilio does not have.
        var missing: Int { max(atTwilio.count - taken.count, atTwilio.count == taken.count ? 1 : 0) }
        var extra: Int { max(taken.count - atTwilio.count, atTwilio.count == taken.count ? 1 : 0) }
    }

    /// What was not compared, and why.
    package struct LeftOut: Sendable {
        package let window: Window
        package let reason: String
    }

    package let key: StreamKey
    package let account: String
    package let names: StreamNames
    /// Nil if the stream was never read.
    package internal(set) var id: StreamID?
    package internal(set) var compared: [Window] = []
    package internal(set) var leftOut: [LeftOut] = []
    package internal(set) var atTwilio = RecordTally()
    package internal(set) var taken = RecordTally()
    /// Records without a date at Twilio; none of the tallies counts them.
    package internal(set) var undated = 0
    /// Of those, which cannot be compared, since too long ago such records were taken.
    package internal(set) var undatedUnsure = 0
    /// Known one by one; not more than `AuditedStream.mostMissing` are kept.
    package internal(set) var missing: [Missing] = []
    /// Of all that are missing, also those not known one by one.
    package internal(set) var missingCount = 0
    /// At Twilio where collection has not been yet: they will be read.
    package internal(set) var unread = 0
    /// Taken, and not at Twilio any more.
    package internal(set) var extra = 0
    package internal(set) var differences: [Difference] = []
    /// Recorded ones that touch the range.
    package internal(set) var gaps: [Advance.Gap] = []
    /// What Twilio does not list whole, now as then.
    package internal(set) var unlisted: [Advance.Gap] = []
    package internal(set) var asked = Asked()
    /// Why it could not be read to its end.
    package internal(set) var error: SourceError?

    package init(key: StreamKey, account: String, names: StreamNames) {
        self.key = key
        self.account = account
        self.names = names
    }

    /// Of a stream that cannot be read any more.
    package init(
        key: StreamKey, account: String, names: StreamNames, place: AuditPlace?, leftOut window: Window, reason: String
    ) {
        self.init(key: key, account: account, names: names)
        id = place?.id
        gaps = place?.gaps ?? []
        leftOut = [LeftOut(window: window, reason: reason)]
    }

    /// Whether everything that Twilio has, of what was compared, was taken.
    package var isComplete: Bool {
        missingCount == 0 && unread == 0 && differences.isEmpty && gaps.isEmpty && error == nil
    }
}
