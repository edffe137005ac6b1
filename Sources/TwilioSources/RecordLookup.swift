import Parsing
package import PipelineCore
import Transport

/// Fetches one record by its SID, for people who wait for it.
package struct RecordLookup: Sendable {
    private let line: APILine

    package init(line: APILine) {
        self.line = line
    }

    /// `GET /v1/Events/{AE}`: a page with one record.
    /// - Throws: `gone` if there is no such event.
    package func event(_ sid: String) async throws(SourceError) -> Page {
        try await record(sid, "AE", at: "/v1/Events", .events)
    }

    /// `GET /v1/Alerts/{NO}`: a page with one record.
    /// - Throws: `gone` if there is no such alert.
    package func alert(_ sid: String) async throws(SourceError) -> Page {
        try await record(sid, "NO", at: "/v1/Alerts", .alerts)
    }

    /// `GET /v1/Services/{ZS}/Environments/{ZE}/Logs/{NO}`: a page with one record.
    /// - Throws: `gone` if there is no such log line, environment or service.
    package func log(_ sid: String, serviceSID: String, environmentSID: String) async throws(SourceError) -> Page {
        try check(serviceSID, "ZS")
        try check(environmentSID, "ZE")
        return try await record(sid, "NO", at: "/v1/Services/\(serviceSID)/Environments/\(environmentSID)/Logs", .logs)
    }

    private func record(
        _ sid: String, _ prefix: String, at path: String, _ shape: PageShape
    ) async throws(SourceError) -> Page {
        try check(sid, prefix)
        let url = try line.api.baseURL.below("\(path)/\(sid)")
        let parser = PageParser()
        return try await line.get(url, .live, limits: ListReader.limits()) { response throws(PageError) in
            try parser.parse(record: response.body, as: shape)
        }
    }

    /// What people type becomes part of a path, so it is looked at first.
    private func check(_ sid: String, _ prefix: String) throws(SourceError) {
        guard TwilioSID.isOne(sid, prefix) else {
            throw .refused(
                reason:
                    "\(Excerpt(sid.utf8)) is no SID of this kind: \(prefix) and 32 hexadecimal digits are expected; "
                    + "nothing was asked")
        }
    }
}
