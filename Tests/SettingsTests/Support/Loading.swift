import Testing

@testable import Settings

let accountSID = "AC0123456789abcdef0123456789abcdef"

/// The account of the smallest good configuration.
let goodAccount = """
    [[account]]
    name = "production"
    account_sid = "\(accountSID)"
    secret = "credential:production"

    """

let goodSink = """
    [[sink]]
    name = "archive"
    type = "file"
    path = "/var/log/twilship/{account}.jsonl"

    """

/// More keys of an account that looks for its subaccounts.
let discovery = """
    subaccounts = "discover"
    subaccount_names = ["*", "!dev-*", "!AC2"]
    subaccount_interval = "1h"
    api_base_url = "https://api.example.com"

    """

let goodConfiguration = goodAccount + goodSink

/// Good sinks whose tables are open for more keys.
let fileSink = """
    [[sink]]
    name = "archive"
    type = "file"
    path = "/var/log/t.jsonl"

    """

let syslogSink = """
    [[sink]]
    name = "archive"
    type = "syslog"
    address = "siem:6514"

    """

let httpSink = """
    [[sink]]
    name = "archive"
    type = "http"
    url = "https://siem.example"

    """

func load(_ text: String, _ capabilities: Capabilities = .everything) throws(SettingsFaults) -> ResolvedSettings {
    try SettingsFile.load(text: Array(text.utf8), named: "t.toml", capabilities: capabilities)
}

/// The faults as they are printed, without the file's name: `3:8: error: …`.
func faults(in text: String, _ capabilities: Capabilities = .everything) -> [String] {
    faults(in: Array(text.utf8), capabilities)
}

func faults(in bytes: [UInt8], _ capabilities: Capabilities = .everything) -> [String] {
    do {
        _ = try SettingsFile.load(text: bytes, named: "t.toml", capabilities: capabilities)
        return []
    } catch {
        return error.faults.map { String($0.description.trimmingPrefix("t.toml:")) }
    }
}
