/// `[sink.filter]`: which records a sink gets. Empty lists let everything pass.
package struct FilterSettings: Sendable, Equatable {
    package enum Severity: String, Sendable, CaseIterable {
        case debug, info, notice, warning, error, critical, alert
    }

    package let datasets: [DatasetName]
    package let accounts: [String]
    package let types: [Glob]
    package let excludeTypes: [Glob]
    package let minimumSeverity: Severity?
    /// For the check that the accounts exist.
    let accountOrigins: [SourceLocation]

    init(_ reader: TableReader?) {
        datasets = reader.map(Self.datasets) ?? []
        let accounts = reader?.strings("accounts") ?? []
        self.accounts = accounts.map(\.text)
        accountOrigins = accounts.map(\.location)
        types = reader?.globs("types") ?? []
        excludeTypes = reader?.globs("exclude_types") ?? []
        minimumSeverity = reader?.choice("min_severity", of: Severity.self)
        if let reader {
            for key in ["datasets", "accounts", "types"] {
                if case .array(let elements) = reader.value(key)?.content, elements.isEmpty {
                    reader.fault(key, "`\(key)` is empty, so nothing would match; leave it out for everything")
                }
            }
            reader.finish()
        }
    }

    private static func datasets(_ reader: TableReader) -> [DatasetName] {
        let available = reader.context.capabilities.datasets
        let datasets = reader.choices("datasets", of: DatasetName.self) ?? []
        for dataset in datasets where !available.contains(dataset) {
            reader.fault("datasets", Capabilities.refusal(of: dataset, called: "dataset", among: available))
        }
        return datasets
    }

    package static func == (left: Self, right: Self) -> Bool {
        (left.datasets, left.accounts, left.types, left.excludeTypes, left.minimumSeverity)
            == (right.datasets, right.accounts, right.types, right.excludeTypes, right.minimumSeverity)
    }

    package var isEmpty: Bool {
        datasets.isEmpty && accounts.isEmpty && types.isEmpty && excludeTypes.isEmpty && minimumSeverity == nil
    }

    func write(to writer: inout TOMLWriter) {
        guard !isEmpty else { return }
        writer.table("sink.filter")
        if !datasets.isEmpty { writer.key("datasets", datasets.map(\.rawValue)) }
        if !accounts.isEmpty { writer.key("accounts", accounts) }
        if !types.isEmpty { writer.key("types", types.map(\.pattern)) }
        if !excludeTypes.isEmpty { writer.key("exclude_types", excludeTypes.map(\.pattern)) }
        if let minimumSeverity { writer.key("min_severity", minimumSeverity.rawValue) }
    }
}
