package import PipelineCore

/// Which records a sink wants; the others are settled as filtered.
package struct RecordFilter: Sendable {
    /// Nil takes all.
    package var datasets: Set<Dataset>?
    /// Labels; nil takes all.
    package var accounts: Set<String>?
    /// Nothing less severe passes.
    package var minimumSeverity: Severity
    /// Whether a `type` passes; nil takes all.
    package var matchesType: (@Sendable (String) -> Bool)?

    package init(
        datasets: Set<Dataset>? = nil, accounts: Set<String>? = nil, minimumSeverity: Severity = .debug,
        matchesType: (@Sendable (String) -> Bool)? = nil
    ) {
        self.datasets = datasets
        self.accounts = accounts
        self.minimumSeverity = minimumSeverity
        self.matchesType = matchesType
    }

    func passes(_ record: SpooledRecord) -> Bool {
        // Our own records reach every sink: they say whether anything is missing.
        if record.origin.dataset == .twilship { return true }
        return datasets?.contains(record.origin.dataset) ?? true
            && accounts?.contains(record.origin.account) ?? true
            && record.entry.severity.rawValue <= minimumSeverity.rawValue
            && matchesType?(record.type) ?? true
    }
}
