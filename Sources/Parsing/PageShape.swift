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
    /// Which of them are dates of the record, the one it is filtered by first.
    package let dates: [Int]
    /// The two letters that the SIDs begin with.
    package let sidPrefix: String

    /// - Precondition: there are at most 16 keys, none with a comma in it.
    private init(
        _ dataset: Dataset, listKey: String, fieldKeys: [String], sid: Int, dates: [Int], sidPrefix: String
    ) {
        self.dataset = dataset
        self.listKey = listKey
        self.fieldKeys = fieldKeys
        self.sid = sid
        self.dates = dates
        self.sidPrefix = sidPrefix
    }

    /// `GET /v1/Events`, fields as in `EventField`.
    package static let events = PageShape(
        .monitorEvents, listKey: "events", fieldKeys: EventField.allCases.map(\.key),
        sid: EventField.sid.rawValue, dates: [EventField.eventDate.rawValue], sidPrefix: "AE"
    )

    /// `GET /v1/Services/{ZS}/Environments/{ZE}/Logs`, fields as in `LogField`.
    package static let logs = PageShape(
        .serverlessLogs, listKey: "logs", fieldKeys: LogField.allCases.map(\.key),
        sid: LogField.sid.rawValue, dates: [LogField.dateCreated.rawValue], sidPrefix: "NO"
    )

    /// `GET /v1/Alerts`, fields as in `AlertField`. Old alerts have dates in the form of RFC 2822.
    package static let alerts = PageShape(
        .monitorAlerts, listKey: "alerts", fieldKeys: AlertField.allCases.map(\.key), sid: AlertField.sid.rawValue,
        dates: [AlertField.dateGenerated.rawValue, AlertField.dateCreated.rawValue], sidPrefix: "NO"
    )
}
