/// What Splunk's HTTP Event Collector is told beside a record.
package struct SplunkOptions: Sendable, Hashable {
    /// Nil: the token's default index.
    package var index: String?
    package var sourcetype: String
    /// Who collected the records.
    package var host: String
    /// Whether a batch counts as delivered only when the indexers acknowledge it. The token must have it turned on.
    package var acknowledgement: Bool
    /// A batch that is not acknowledged within this time is sent again.
    package var acknowledgementTimeout: Duration = .seconds(120)

    package init(
        index: String? = nil, sourcetype: String = "twilship:envelope", host: String, acknowledgement: Bool = true
    ) {
        self.index = index
        self.sourcetype = sourcetype
        self.host = host
        self.acknowledgement = acknowledgement
    }
}
