import Parsing
package import PipelineCore

/// What is the same for all records of one reading: whose they are, when and why they were read.
package struct RecordContext: Sendable {
    package let account: String
    package let accountSID: String
    package let dataset: Dataset
    package let collected: Timestamp
    package let lane: Lane
    /// The stream's own, for logs that do not name theirs.
    package let serviceSID: String?
    package let environmentSID: String?

    /// The envelope from behind the id's quote to the time, and from behind the time's quote to the type.
    let behindID: [UInt8]
    let behindTime: [UInt8]

    package init(
        account: String, accountSID: String, dataset: Dataset, collected: Timestamp, lane: Lane,
        serviceSID: String? = nil, environmentSID: String? = nil
    ) {
        self.account = account
        self.accountSID = accountSID
        self.dataset = dataset
        self.collected = collected
        self.lane = lane
        self.serviceSID = serviceSID
        self.environmentSID = environmentSID
        var bytes = Array("\",\"dataset\":\"\(dataset.rawValue)\",\"account\":".utf8)
        JSONString.append(account, to: &bytes)
        bytes.append(contentsOf: ",\"account_sid\":".utf8)
        JSONString.append(accountSID, to: &bytes)
        bytes.append(contentsOf: ",\"time\":\"".utf8)
        behindID = bytes
        behindTime = Array("\",\"collected\":\"\(collected.rfc3339)\",\"type\":\"".utf8)
    }
}
