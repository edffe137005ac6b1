package import PipelineCore

/// What a dataset's list answers look like: the key of the list, and the keys of a record that we want.
package struct PageShape: Sendable, Equatable {
    package let dataset: Dataset
    /// The key whose array holds the records.
    package let listKey: String
    /// The keys whose values `Page.fields` gives, in its order.
    package let fieldKeys: [String]
    /// Which of them is the SID.
    package let sid: Int
    /// Which of them is the date the records are filtered by.
    package let date: Int
    /// The two letters that the SIDs begin with.
    package let sidPrefix: String

    /// - Precondition: there are at most 16 keys, none with a comma in it.
    private init(
        _ dataset: Dataset, listKey: String, fieldKeys: [String], sid: Int, date: Int, sidPrefix: String
    ) {
        self.dataset = dataset
        self.listKey = listKey
        self.fieldKeys = fieldKeys
        self.sid = sid
        self.date = date
        self.sidPrefix = sidPrefix
    }

    /// `GET /v1/Events`, fields as in `EventField`.
    package static let events = PageShape(
        .monitorEvents, listKey: "events", fieldKeys: EventField.allCases.map(\.key),
        sid: EventField.sid.rawValue, date: EventField.eventDate.rawValue, sidPrefix: "AE"
    )

    /// `GET /v1/Services/{ZS}/Environments/{ZE}/Logs`, fields as in `LogField`.
    package static let logs = PageShape(
        .serverlessLogs, listKey: "logs", fieldKeys: LogField.allCases.map(\.key),
        sid: LogField.sid.rawValue, date: LogField.dateCreated.rawValue, sidPrefix: "NO"
    )
}
