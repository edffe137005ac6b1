import Settings

extension Draft {
    /// The configuration file, with comments for who reads it next.
    func text(_ reference: (SecretUse) -> SecretReference) -> String {
        var text = """
            # twilship: from Twilio to your SIEM. Begun with `twilship init`.
            #
            # `twilship config example` prints every option with its default; twilship.toml(5) explains them.
            # Lines that begin with "#key" show defaults, or what else there is: take the "#" away to use them.
            # After a change: `twilship check`, then SIGHUP (`systemctl reload`).

            """
        if let stateDirectory {
            text += """

                # The spool and all progress. A change needs a restart, which loses nothing.
                [state]
                directory = \(Self.quoted(stateDirectory))

                """
        }
        return text + accountText(reference) + "\n" + sinkText(reference)
    }

    private func accountText(_ reference: (SecretUse) -> SecretReference) -> String {
        var lines = [
            "", "[[account]]",
            "# A label of your own. Progress is kept by SIDs, so it can be changed.",
            "name = \(Self.quoted(name))",
            "account_sid = \(Self.quoted(accountSID))",
        ]
        if let keySID {
            lines += ["key_sid = \(Self.quoted(keySID))", "# Where the key's secret is kept: never the secret itself."]
        } else {
            lines.append("# Where the account's auth token is kept: never the token itself.")
        }
        lines.append("secret = \(Self.quoted("\(reference(.account))"))")
        if let edge { lines.append("edge = \(Self.quoted(edge))") }
        if let region { lines.append("region = \(Self.quoted(region))") }
        lines += [
            "# The account's subaccounts, too, each with its own token: needs the auth token or a Main key above.",
            "#subaccounts = \"discover\"",
        ]
        lines += ["", "# Monitor Events: the account's audit trail.", "[account.events]"] + baseURLLines
        lines += ["#poll_interval = \"30s\"", "# The first run begins this far back.", "#start = \"30d\""]
        lines += ["", "# Serverless Logs: what Functions print.", "[account.logs]"]
        if collectsLogs {
            if let logsKeySID {
                lines += [
                    "# A Standard key: a Restricted one cannot read them.", "key_sid = \(Self.quoted(logsKeySID))",
                    "secret = \(Self.quoted("\(reference(.logs))"))",
                ]
            }
            lines += baseURLLines
            lines += [
                "#poll_interval = \"10s\"", "#start = \"24h\"",
                "# SIDs, unique names, patterns; \"!\" excludes.", "#services = [\"*\"]", "#environments = [\"*\"]",
            ]
        } else {
            lines += ["enabled = false"] + baseURLLines
        }
        lines += ["", "# Monitor Alerts: errors and warnings of the account.", "[account.alerts]"]
        lines += ["enabled = \(collectsAlerts)"] + baseURLLines
        return lines.joined(separator: "\n") + "\n"
    }

    private var baseURLLines: [String] { baseURL.map { ["base_url = \(Self.quoted($0))"] } ?? [] }

    private func sinkText(_ reference: (SecretUse) -> SecretReference) -> String {
        var lines = ["[[sink]]", "# The position is kept under this name.", "name = \(Self.quoted(sinkName))"]
        switch sink {
        case .file(let path):
            lines += [
                "type = \"file\"", "# {account} {account_sid} {dataset} {date}", "path = \(Self.quoted(path))",
                "# Rotated when it is this big or this old; rotated files are REMOVED when there are more than this, or "
                    + "older.", "#rotate_bytes = \"100 MiB\"", "#rotate_interval = \"24h\"", "#keep_files = 30",
                "#keep = \"30d\"",
            ]
        case .syslog(let transport, let address, let caFile):
            lines += [
                "type = \"syslog\"", "address = \(Self.quoted(address))", "# udp, tcp, tls, relp, relp+tls, unix",
                "transport = \(Self.quoted(transport))",
                "# What is longer loses raw, then the end of its message; the receiver must take that much.",
                "#max_message_bytes = \(transport == "udp" ? 2048 : 8192)",
            ]
            lines += Self.authorities(caFile, isEncrypted: transport.hasSuffix("tls"))
        case .http(let preset, let url, let hasToken, let caFile):
            lines += ["type = \"http\"", "preset = \(Self.quoted(preset))", "url = \(Self.quoted(url))"]
            if hasToken {
                lines += ["# Where the token is kept: never the token itself."]
                lines.append("token = \(Self.quoted("\(reference(.sink))"))")
            }
            lines += Self.authorities(caFile, isEncrypted: !url.lowercased().hasPrefix("http:"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func authorities(_ caFile: String?, isEncrypted: Bool) -> [String] {
        if let caFile { return ["[sink.tls]", "ca_file = \(quoted(caFile))"] }
        guard isEncrypted else { return [] }
        return [
            "# Who may vouch for the other end; without it, the system's authorities.", "#[sink.tls]",
            "#ca_file = \"/etc/twilship/siem-ca.pem\"",
        ]
    }

    private static func quoted(_ text: String) -> String { TOMLWriter.quoted(text) }
}
