/// Puts a configuration together from its files.
struct Assembly {
    /// Of all files together; everything read is held in memory.
    static let maximumTotalSize = 16 << 20

    let path: String
    let files: ConfigurationFiles
    let context: ReadingContext

    /// nil if the main file could not be parsed. With faults in the context the settings hold stand-ins.
    func settings() -> ResolvedSettings? {
        var size = 0
        guard let root = document(path, size: &size) else { return nil }
        let network = NetworkSettings(root.table("network"), inheriting: nil)
        let rateLimit = RateLimitSettings(root.table("rate_limit"), inheriting: nil)
        let faultsBefore = context.faults.count
        let included = includedDocuments(root, size: &size)
        // What could not be read may hold what seems to be missing.
        let isComplete = context.faults.count == faultsBefore
        let tables = [root] + included
        let accounts = tables.flatMap { $0.tables("account") }.map {
            AccountSettings($0, network: network, rateLimit: rateLimit)
        }
        let sinks = tables.flatMap { $0.tables("sink") }.map { SinkSettings($0) }
        let settings = ResolvedSettings(
            state: StateSettings(root.table("state"), environment: context.environment),
            log: LogSettings(root.table("log")),
            network: network,
            rateLimit: rateLimit,
            heartbeat: HeartbeatSettings(root.table("heartbeat"), capabilities: context.capabilities),
            metrics: MetricsSettings(root.table("metrics")),
            accounts: accounts,
            sinks: sinks)
        root.finish(explain: Self.explainAtTop)
        for table in included { finish(included: table) }
        CrossCheck(faults: context.faults, top: root.location).check(settings, isComplete: isComplete)
        return settings
    }

    /// One file's top table; nil, with the fault reported, if it cannot be read or parsed.
    private func document(_ file: String, size: inout Int) -> TableReader? {
        context.faults.opened(file)
        do throws(Fault) {
            let bytes = try files.read(file)
            size += bytes.count
            if size > Self.maximumTotalSize {
                throw Fault(file: file, "all files together are larger than \(ByteSize.text(Self.maximumTotalSize))")
            }
            let text = try TOMLBounds.check(bytes, file: file)
            let value = try TOMLParser.parse(text, file: file)
            guard case .table(let entries) = value.content else { return nil }
            return TableReader(path: "", location: value.location, entries: entries, context: context)
        } catch {
            context.faults.add(error)
            return nil
        }
    }

    private func includedDocuments(_ root: TableReader, size: inout Int) -> [TableReader] {
        let patterns = root.strings("include", atMost: Include.maximumPatterns) ?? []
        let found = Include(mainFile: path, disk: files, faults: context.faults).files(patterns)
        var documents: [TableReader] = []
        for file in found {
            if let document = document(file, size: &size) { documents.append(document) }
        }
        return documents
    }

    /// Included files hold accounts and sinks only: what there is once stands in one place.
    private func finish(included table: TableReader) {
        table.finish { key in
            if key == "include" {
                return "an included file cannot include others; list them all in \(path.shownAsPath)"
            }
            guard Schema.keys(of: "").contains(key) else { return Self.explainAtTop(key) }
            return "[\(key)] belongs in \(path.shownAsPath); included files hold [[account]] and [[sink]] only"
        }
    }

    private static func explainAtTop(_ key: String) -> String? {
        switch key {
        case "accounts": "unknown table `accounts`; did you mean [[account]]?"
        case "sinks": "unknown table `sinks`; did you mean [[sink]]?"
        default: nil
        }
    }
}
