/// Records of the spool on their way to one sink, in the spool's order.
package struct Batch: Sendable {
    package let records: [SpooledRecord]
    /// Names the batch in this and no other spool: equal for every attempt to send the same records in the same form,
    /// and different for any other. Letters, digits and hyphens; at most 64.
    package let key: String
    /// Counts the attempts to send it, from 1; after a restart it begins again.
    package let attempt: Int

    package init(records: [SpooledRecord], key: String = "", attempt: Int = 1) {
        self.records = records
        self.key = key
        self.attempt = attempt
    }
}

/// A finished envelope as the spool keeps it.
package struct SpooledRecord: Sendable {
    /// Counts every record of the spool from 1, without holes. What is sent once more on demand has a number of its own,
    /// far above: the number tells deliveries apart.
    package let sequence: Int64
    /// Whether it is sent once more on demand: the envelope's `tags` then say `replay`.
    package let isReplay: Bool
    /// Who the record belongs to; shared by all records that were appended together.
    package let origin: Origin
    /// The block of lines that `entry` points into.
    package let bytes: [UInt8]
    package let entry: EnvelopeBlock.Entry

    package init(
        sequence: Int64, origin: Origin, bytes: [UInt8], entry: EnvelopeBlock.Entry, isReplay: Bool = false
    ) {
        self.sequence = sequence
        self.isReplay = isReplay
        self.origin = origin
        self.bytes = bytes
        self.entry = entry
    }

    /// The envelope's line, without a line feed.
    package var line: ArraySlice<UInt8> { bytes[entry.line] }
    /// The record as Twilio sent it; empty when the envelope carries none.
    package var raw: ArraySlice<UInt8> { bytes[entry.raw] }
    package var id: String { String(decoding: bytes[entry.id], as: UTF8.self) }
    /// The envelope's `type` as it stands in the JSON.
    package var type: String { String(decoding: bytes[entry.type], as: UTF8.self) }

    /// The one sink the record is for; nil for all of them.
    package var target: String? { origin.target }

    /// Account, dataset and target of records that were appended together. An object, since each of them refers to it.
    package final class Origin: Hashable, Sendable {
        /// The account's label when the record was collected.
        package let account: String
        package let accountSID: String
        package let dataset: Dataset
        package let lane: Lane
        /// The one sink the records are for; nil for all of them.
        package let target: String?

        package init(account: String, accountSID: String, dataset: Dataset, lane: Lane, target: String? = nil) {
            self.account = account
            self.accountSID = accountSID
            self.dataset = dataset
            self.lane = lane
            self.target = target
        }

        package static func == (left: Origin, right: Origin) -> Bool {
            left === right
                || left.account == right.account && left.accountSID == right.accountSID
                    && left.dataset == right.dataset && left.lane == right.lane && left.target == right.target
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(account)
            hasher.combine(accountSID)
            hasher.combine(dataset)
            hasher.combine(lane)
            hasher.combine(target)
        }
    }
}
