package import PipelineCore
import Spooling

/// Which streams somebody follows, and which of their records.
package struct TailFilter: Sendable {
    /// Labels; nil takes all.
    package var accounts: Set<String>?
    package var datasets: Set<Dataset>
    /// Of function logs: whether a service or environment is meant, by SID and name; nil takes all.
    package var selectsService: (@Sendable (_ sid: String, _ name: String) -> Bool)?
    package var selectsEnvironment: (@Sendable (_ sid: String, _ name: String) -> Bool)?
    /// Of function logs: `ZH…`; nil takes all, and records that have none.
    package var functionSIDs: Set<String>?
    /// Nothing less severe passes.
    package var minimumSeverity: Severity
    /// Whether a `type` passes; nil takes all.
    package var matchesType: (@Sendable (String) -> Bool)?

    package init(
        accounts: Set<String>? = nil, datasets: Set<Dataset> = [.monitorEvents, .serverlessLogs, .monitorAlerts],
        selectsService: (@Sendable (_ sid: String, _ name: String) -> Bool)? = nil,
        selectsEnvironment: (@Sendable (_ sid: String, _ name: String) -> Bool)? = nil,
        functionSIDs: Set<String>? = nil,
        minimumSeverity: Severity = .debug, matchesType: (@Sendable (String) -> Bool)? = nil
    ) {
        self.accounts = accounts
        self.datasets = datasets
        self.selectsService = selectsService
        self.selectsEnvironment = selectsEnvironment
        self.functionSIDs = functionSIDs
        self.minimumSeverity = minimumSeverity
        self.matchesType = matchesType
    }

    func selects(_ stream: Ingestor.Stream) -> Bool {
        let key = stream.key
        if let accounts, !accounts.contains(stream.account) { return false }
        guard datasets.contains(key.dataset) else { return false }
        guard key.dataset == .serverlessLogs else { return true }
        if let selectsService {
            guard let sid = key.serviceSID, selectsService(sid, stream.names.service ?? "") else { return false }
        }
        if let selectsEnvironment {
            guard let sid = key.environmentSID, selectsEnvironment(sid, stream.names.environment ?? "") else {
                return false
            }
        }
        return true
    }

    func passes(_ record: SourceRecord, _ entry: EnvelopeBlock.Entry, in bytes: [UInt8], _ dataset: Dataset) -> Bool {
        guard entry.severity.rawValue <= minimumSeverity.rawValue else { return false }
        if let functionSIDs, dataset == .serverlessLogs {
            guard let token = record.token(LogField.functionSID),
                functionSIDs.contains(String(decoding: token.dropFirst().dropLast(), as: UTF8.self))
            else { return false }
        }
        guard let matchesType else { return true }
        return matchesType(String(decoding: bytes[entry.type], as: UTF8.self))
    }
}
