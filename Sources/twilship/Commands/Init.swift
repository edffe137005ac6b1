import ArgumentParser
import Settings
import SystemdSupport

/// Writes a first configuration.
struct Init: AsyncParsableCommand {
    enum SinkKind: String, ExpressibleByArgument, CaseIterable { case file, syslog, http }

    static let configuration = CommandConfiguration(
        abstract: "Write a first configuration, trying each answer.",
        discussion: """
            At a terminal it asks for an account, the SID and the secret of a key, and a
            sink; tries the key at Twilio and the way to the sink; lists the services
            found; and writes at the end: the configuration, and the secret in a file that
            nobody else can read. Whoever leaves before leaves nothing behind. Options
            answer questions beforehand; with --yes, or where nobody can be asked, they
            must answer all.

            Secrets are typed unseen, or come from a file, standard input or a variable.
            They are never arguments.

            Examples:
              sudo twilship init
              twilship init --config trial.toml
              twilship init --yes --account-sid AC0123... --key-sid SK0123... \\
                --secret-file key.secret --sink syslog --address siem.example.com:6514
              pass show twilio | twilship init --yes --account-sid AC0123... \\
                --auth-token --secret-file - --sink file

            Exit codes: 0 written; 1 left, or the answer to the last question was no; 64
            an option is wrong or missing; 69 Twilio or the sink cannot be reached; 73 a
            file is there already or cannot be written; 77 the key is refused, or this
            user may not write there; 78 the key is another account's, or a secret cannot
            be read. Nothing is written unless it exits with 0.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Ask nothing: what is not given has its default, or is an error.") var yes = false
    @Flag(help: "Replace the configuration and secrets that are there.") var overwrite = false
    @Flag(name: .customLong("no-try"), help: "Try neither the key nor the sink.") var noTry = false
    @Flag(help: "Send a syslog or HTTP sink a record that says that it is a test.") var sendTest = false

    @Option(help: "A label for the account; production.") var name: String?
    @Option(help: "The account's SID, AC and 32 hexadecimal digits.") var accountSID: String?
    @Option(help: "The API key's SID, SK and 32 hexadecimal digits.") var keySID: String?
    @Flag(help: "Use the account's auth token instead of a key.") var authToken = false
    @Option(help: "A file with the secret of the key, or the auth token; - is standard input.", completion: .file())
    var secretFile: String?
    @Option(help: "An environment variable with it.") var secretEnv: String?
    @Option(help: "Another key for function logs: a Standard one, where the first is Restricted.")
    var logsKeySID: String?
    @Option(help: "A file with its secret.", completion: .file()) var logsSecretFile: String?
    @Option(help: "An environment variable with it.") var logsSecretEnv: String?
    @Flag(name: .customLong("no-logs"), help: "Leave function logs out.") var noLogs = false
    @Flag(help: "Collect alerts, too.") var alerts = false
    @Option(help: "Twilio's edge; goes with --region.") var edge: String?
    @Option(help: "Twilio's region; goes with --edge.") var region: String?
    @Option(help: "Ask this instead of Twilio, such as a simulator: http://127.0.0.1:9718.") var baseURL: String?

    @Option(help: "Where records go: file, syslog or http.") var sink: SinkKind?
    @Option(help: "Of a file sink: the path, with {account} {dataset} {date}.", completion: .file()) var path: String?
    @Option(
        help: "Of a syslog sink: udp, tcp, tls, relp, relp+tls or unix; tls.",
        completion: .list(SyslogSinkSettings.Transport.allCases.map(\.rawValue))) var transport: String?
    @Option(help: "Of a syslog sink: host:port, or the path of a socket.") var address: String?
    @Option(
        help: "Of an HTTP sink: generic, splunk_hec or elastic_bulk; generic.",
        completion: .list(HTTPSinkSettings.Preset.allCases.map(\.rawValue))) var preset: String?
    @Option(help: "Of an HTTP sink: where it is.") var url: String?
    @Option(help: "Of an HTTP sink: a file with the token; - is standard input.", completion: .file()) var tokenFile:
        String?
    @Option(help: "An environment variable with it.") var tokenEnv: String?
    @Option(
        help: "Of TLS: a file with the authority that vouches for the other end; the system's.", completion: .file())
    var caFile: String?

    @Option(
        help: """
            Where secrets are kept: credstore (/etc/credstore, for systemd's LoadCredential), encrypted \
            (/etc/credstore.encrypted), files (beside the configuration) or in-place (where --secret-file and \
            --secret-env have them).
            """)
    var store: SecretStore.Kind?
    @Option(
        help: "The state directory; the service's own, or beside a configuration outside of /etc/twilship.",
        completion: .directory)
    var stateDirectory: String?

    var secret: SecretOptions { SecretOptions(name: "--secret", file: secretFile, variable: secretEnv) }
    var logsSecret: SecretOptions {
        SecretOptions(name: "--logs-secret", file: logsSecretFile, variable: logsSecretEnv)
    }
    var token: SecretOptions { SecretOptions(name: "--token", file: tokenFile, variable: tokenEnv) }

    /// What must be given where nobody is asked.
    var missing: [String] {
        var missing: [String] = []
        if accountSID == nil { missing.append("--account-sid") }
        if keySID == nil, !authToken { missing.append("--key-sid or --auth-token") }
        if !secret.isGiven { missing.append("--secret-file or --secret-env") }
        switch sink {
        case nil: missing.append("--sink")
        case .file: break
        case .syslog: if address == nil { missing.append("--address") }
        case .http:
            if url == nil { missing.append("--url") }
            if !token.isGiven, preset ?? "generic" != "generic" { missing.append("--token-file or --token-env") }
        }
        return missing
    }

    func validate() throws {
        for option in [secret, logsSecret, token] where option.file != nil && option.variable != nil {
            throw ValidationError("\(option.name)-file and \(option.name)-env are two places for one secret.")
        }
        if [secret, logsSecret, token].count(where: { $0.file == "-" }) > 1 {
            throw ValidationError("Standard input holds one secret only.")
        }
        if keySID != nil, authToken { throw ValidationError("--key-sid and --auth-token exclude each other.") }
        if (edge == nil) != (region == nil) { throw ValidationError("--edge and --region go together.") }
        if baseURL != nil, edge != nil { throw ValidationError("--base-url and --edge both choose the host.") }
        if (logsKeySID != nil) != logsSecret.isGiven {
            throw ValidationError("--logs-key-sid goes with --logs-secret-file or --logs-secret-env.")
        }
        if noLogs, logsKeySID != nil { throw ValidationError("--no-logs and --logs-key-sid exclude each other.") }
        if noTry, sendTest { throw ValidationError("--no-try and --send-test exclude each other.") }
        let kinds: [(option: String, isGiven: Bool, sinks: [SinkKind])] = [
            ("--path", path != nil, [.file]), ("--transport", transport != nil, [.syslog]),
            ("--address", address != nil, [.syslog]), ("--preset", preset != nil, [.http]),
            ("--url", url != nil, [.http]), ("--token-file", tokenFile != nil, [.http]),
            ("--token-env", tokenEnv != nil, [.http]), ("--ca-file", caFile != nil, [.syslog, .http]),
        ]
        for kind in kinds where kind.isGiven {
            guard let sink, kind.sinks.contains(sink) else {
                let names = kind.sinks.map { "--sink \($0.rawValue)" }.joined(separator: " or ")
                throw ValidationError("\(kind.option) goes with \(names).")
            }
        }
    }

    func run() async throws {
        do {
            var beginning = Beginning(self)
            try await beginning.run()
        } catch let refusal as CommandRefusal {
            Terminal.complain("twilship: \(refusal.sentence)".terminalSafe)
            throw ExitCode(refusal.exit)
        } catch let refusal as SecretStore.Refusal {
            Terminal.complain("twilship: \(refusal)".terminalSafe)
            throw Exit.unavailable
        } catch let failure as NewFile.Failure {
            Terminal.complain("twilship: \(failure)".terminalSafe)
            throw Exit.cannotCreate
        }
    }
}

extension SecretStore.Kind: ExpressibleByArgument {}
