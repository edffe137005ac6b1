/// Every table of the configuration with its keys: for hints about keys in the wrong place. What a key means is in the
/// file of its table.
enum Schema {
    private static let network = ["proxy", "no_proxy", "ca_file", "ip_version"]
    private static let rateLimit = ["requests_per_second", "burst", "scope"]
    private static let collection = [
        "enabled", "poll_interval", "overlap", "reread_after", "start", "page_size", "base_url", "edge", "region",
        "max_reads_per_day", "key_sid", "secret", "rate_limit",
    ]
    static let anySink = [
        "name", "type", "format", "raw", "redact", "start", "when_full", "filter", "batch", "retry",
    ]
    static let sink: [SinkType: [String]] = [
        .syslog: [
            "address", "transport", "framing", "facility", "hostname", "app_name", "sd_id", "bom",
            "max_message_bytes", "confirm_after", "tls",
        ],
        .http: [
            "url", "preset", "token", "basic", "index", "sourcetype", "ack", "compression", "headers", "timeout",
            "encoding", "hmac", "tls", "network",
        ],
        .file: [
            "path", "rotate_bytes", "rotate_interval", "compression", "keep_files", "keep", "mode", "group",
        ],
        .stdout: [],
        .journal: [],
    ]

    /// By the tables' paths; the empty one is the top of the file.
    static let tables: [String: [String]] = [
        "": ["include", "state", "log", "network", "rate_limit", "heartbeat", "metrics", "account", "sink"],
        "state": ["directory", "max_bytes", "retain"],
        "log": ["level", "target", "format"],
        "network": network,
        "rate_limit": rateLimit,
        "heartbeat": ["interval"],
        "metrics": ["textfile", "listen"],
        "account": [
            "name", "account_sid", "key_sid", "secret", "edge", "region", "api_base_url", "subaccounts",
            "subaccount_names", "subaccount_interval", "network", "rate_limit", "events", "logs", "alerts",
        ],
        "account.network": network,
        "account.rate_limit": rateLimit,
        "account.events": collection,
        "account.events.rate_limit": rateLimit,
        "account.logs": collection + ["services", "environments", "discovery_interval"],
        "account.logs.rate_limit": rateLimit,
        "account.alerts": collection,
        "account.alerts.rate_limit": rateLimit,
        "sink": anySink + Set(sink.values.joined()).sorted(),
        "sink.filter": ["datasets", "accounts", "types", "exclude_types", "min_severity"],
        "sink.batch": ["max_records", "max_bytes", "max_wait", "in_flight"],
        "sink.retry": ["initial", "max"],
        "sink.tls": ["ca_file", "cert_file", "key_file", "server_name"],
        "sink.network": network,
        "sink.basic": ["user", "password"],
        "sink.hmac": ["secret", "header"],
    ]

    static func keys(of table: String) -> [String] { tables[table] ?? [] }

    /// A table as it is written: `[[account]]`, `[account.events]`.
    static func header(_ table: String) -> String {
        switch table {
        case "": "the top of the file"
        case "account", "sink": "[[\(table)]]"
        default: "[\(table)]"
        }
    }

    /// `in [log]`, `at the top of the file`.
    static func place(_ table: String) -> String {
        table.isEmpty ? "at \(header(table))" : "in \(header(table))"
    }

    /// What to say of a key that its table does not have.
    static func explanation(of key: String, in table: String) -> String {
        let shown = key.shownSafely
        if let above = placeAbove(table, of: key) {
            return "`\(shown)` belongs \(place(above.table)), \(above.distance) up: "
                + "move it above the header \(header(table)), since keys belong to the header before them"
        }
        let below = placesBelow(table, of: key)
        if !below.isEmpty {
            return "`\(shown)` belongs in \(below.map(header).joined(separator: " or ")), one table deeper"
        }
        if let near = Suggestion.nearest(to: key, among: keys(of: table)) {
            return "unknown key `\(shown)` \(place(table)); did you mean `\(near)`?"
        }
        let elsewhere = tables.filter { $0.value.contains(key) }.keys.sorted()
        if !elsewhere.isEmpty, elsewhere.count <= 3 {
            return "unknown key `\(shown)` \(place(table)); "
                + "it belongs in \(elsewhere.map(header).joined(separator: " or "))"
        }
        if let near = placeAbove(table, near: key) {
            return "unknown key `\(shown)` \(place(table)); "
                + "did you mean `\(near.key)`, which belongs \(place(near.table))?"
        }
        let known = keys(of: table).sorted().joined(separator: ", ")
        return "unknown key `\(shown)` \(place(table)); its keys are \(known)"
    }

    private static func parents(of table: String) -> [String] {
        var parents: [String] = []
        var rest = Substring(table)
        while let dot = rest.lastIndex(of: ".") {
            rest = rest[..<dot]
            parents.append(String(rest))
        }
        return table.isEmpty ? [] : parents + [""]
    }

    private static func placeAbove(_ table: String, of key: String) -> (table: String, distance: String)? {
        let above = parents(of: table)
        guard let index = above.firstIndex(where: { keys(of: $0).contains(key) }) else { return nil }
        return (above[index], index == 0 ? "one table" : "\(index + 1) tables")
    }

    private static func placeAbove(_ table: String, near key: String) -> (table: String, key: String)? {
        for parent in parents(of: table) {
            if let near = Suggestion.nearest(to: key, among: keys(of: parent)) { return (parent, near) }
        }
        return nil
    }

    private static func placesBelow(_ table: String, of key: String) -> [String] {
        tables.filter { name, keys in parents(of: name).first == table && keys.contains(key) }.keys.sorted()
    }
}
