/// What only the whole configuration can tell: duplicates, names that nobody has, and emptiness.
struct CrossCheck {
    let faults: FaultList
    /// Where to report that something is missing altogether.
    let top: SourceLocation

    /// - Parameter isComplete: all files could be read, so that what is missing is really missing.
    func check(_ settings: ResolvedSettings, isComplete: Bool) {
        unique(settings.accounts.map { ($0.name, $0.origins["name"]) }, "account name") { "choose another label" }
        unique(settings.accounts.map { ($0.accountSID, $0.origins["account_sid"]) }, "account SID") {
            "every account can be listed once, or its records would be collected twice"
        }
        unique(settings.sinks.map { ($0.name, $0.origins["name"]) }, "sink name") {
            "choose another: the sink's position is kept under it"
        }
        let paths = settings.sinks.compactMap { sink -> (String, SourceLocation)? in
            guard case .file(let file) = sink.kind else { return nil }
            return (file.path.description, sink.origins["path"])
        }
        unique(paths, "path of a file sink") { "two sinks cannot write the same file" }
        let outputs = settings.sinks.filter { $0.kind == .stdout }
        for sink in outputs.dropFirst() {
            faults.add(
                sink.origins["type"],
                "there is one standard output, and the sink \(outputs[0].name.quoted) at "
                    + "\(outputs[0].origins["type"]) has it; only one sink can be of type = \"stdout\"")
        }
        guard isComplete else { return }
        checkFilters(settings)
        if settings.accounts.isEmpty {
            faults.add(
                top,
                "there is no account; add [[account]] with name, account_sid and secret, or include a file with one")
        }
        if settings.sinks.isEmpty {
            faults.add(
                top,
                "there is no sink, so records would go nowhere; add [[sink]] with name and type, like type = \"file\"")
        }
    }

    private func checkFilters(_ settings: ResolvedSettings) {
        let names = settings.accounts.map(\.name)
        for sink in settings.sinks {
            for (name, place) in zip(sink.filter.accounts, sink.filter.accountOrigins) where !names.contains(name) {
                let advice = Suggestion.phrase(for: name, among: names)
                faults.add(place, "no account has the name \(name.quoted)\(advice)")
            }
        }
    }

    private func unique(_ values: [(String, SourceLocation)], _ what: String, advice: () -> String) {
        var first: [String: SourceLocation] = [:]
        for (value, place) in values where !value.isEmpty {
            if let earlier = first[value] {
                faults.add(place, "the \(what) \(value.quoted) is used twice, first at \(earlier); \(advice())")
            } else {
                first[value] = place
            }
        }
    }
}
