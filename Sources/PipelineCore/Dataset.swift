/// What kind of record it is; the `dataset` of the envelope.
package enum Dataset: String, Sendable, CaseIterable {
    /// The audit trail: `GET https://monitor.twilio.com/v1/Events`.
    case monitorEvents = "monitor.events"
    /// What Functions print: `GET https://serverless.twilio.com/v1/Services/{ZS}/Environments/{ZE}/Logs`.
    case serverlessLogs = "serverless.logs"
    /// Errors and warnings Twilio raised: `GET https://monitor.twilio.com/v1/Alerts`.
    case monitorAlerts = "monitor.alerts"
    /// twilship's own records: heartbeats, gaps and the like.
    case twilship
}

/// Names one stream for as long as it exists: made of what Twilio never renames, so that an account's label can change freely.
package struct StreamKey: Hashable, Sendable {
    package let accountSID: String
    package let dataset: Dataset
    /// The API's host as configured: the same account has different data in each region.
    package let host: String
    /// `ZS…`, for logs.
    package let serviceSID: String?
    /// `ZE…`, for logs.
    package let environmentSID: String?

    package init(
        accountSID: String, dataset: Dataset, host: String, serviceSID: String? = nil, environmentSID: String? = nil
    ) {
        self.accountSID = accountSID
        self.dataset = dataset
        self.host = host
        self.serviceSID = serviceSID
        self.environmentSID = environmentSID
    }
}

extension StreamKey: CustomStringConvertible {
    /// `AC…/monitor.events`, with service and environment for logs; the host only people with several regions need.
    package var description: String {
        [accountSID, dataset.rawValue, serviceSID, environmentSID].compactMap(\.self).joined(separator: "/")
    }
}
