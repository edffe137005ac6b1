import Foundation
import Settings

/// What `init` has been told: a configuration that is not written yet.
///
/// Every answer is judged by the reader of the configuration file itself, so what is written is accepted later.
struct Draft {
    /// Kept beside the configuration, each under a name of its own.
    enum SecretUse: CaseIterable {
        /// Of the key, or the account's auth token.
        case account
        /// Of a key for function logs alone.
        case logs
        /// Of an HTTP sink.
        case sink
    }

    enum Sink {
        case file(path: String)
        case syslog(transport: String, address: String, caFile: String?)
        case http(preset: String, url: String, hasToken: Bool, caFile: String?)
    }

    /// Nil: the default.
    var stateDirectory: String?
    var name = "production"
    var accountSID = ""
    var keySID: String?
    var logsKeySID: String?
    var collectsLogs = true
    var collectsAlerts = false
    /// Instead of Twilio's own hosts.
    var baseURL: String?
    /// Edge and region, both or neither.
    var edge: String?
    var region: String?
    var sink: Sink = .file(path: "")

    var sinkName: String {
        switch sink {
        case .file: "archive"
        case .syslog: "siem"
        case .http("splunk_hec", _, _, _): "splunk"
        case .http("elastic_bulk", _, _, _): "elastic"
        case .http: "webhook"
        }
    }

    var secretsInUse: [SecretUse] {
        SecretUse.allCases.filter { use in
            switch use {
            case .account: return true
            case .logs: return collectsLogs && logsKeySID != nil
            case .sink:
                guard case .http(_, _, let hasToken, _) = sink else { return false }
                return hasToken
            }
        }
    }

    /// What a secret is called where it is kept: a plain file name, made of the account's label.
    func secretName(_ use: SecretUse) -> String {
        switch use {
        case .account: Self.fileName(name)
        case .logs: Self.fileName(name) + "-logs"
        case .sink: sinkName
        }
    }

    private static func fileName(_ label: String) -> String {
        let safe = label.unicodeScalars.map { scalar in
            let isWord = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isWord || "-_".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
        }
        return String(safe).contains { $0 != "-" } ? String(safe) : "account"
    }

    /// The configuration as it is used, with secrets where `reference` says; or all that is wrong with it.
    func resolved(_ reference: (SecretUse) -> SecretReference) throws(SettingsFaults) -> ResolvedSettings {
        try SettingsFile.load(
            text: Array(text(reference).utf8), named: "the configuration",
            environment: ProcessInfo.processInfo.environment
        )
    }

    /// Why an answer is no good, as a sentence; nil if it is. What was not answered yet is taken for good.
    func refusal(changing change: (inout Draft) -> Void) -> String? {
        var draft = Draft.complete
        change(&draft)
        do throws(SettingsFaults) {
            _ = try draft.resolved { .environment("SECRET_\($0)") }
            return nil
        } catch {
            return error.faults.first?.message
        }
    }

    /// One in which everything is good.
    private static let complete: Draft = {
        var draft = Draft()
        draft.accountSID = "AC" + String(repeating: "0", count: 32)
        draft.sink = .file(path: "/var/log/twilship/{account}/{dataset}.jsonl")
        return draft
    }()
}
