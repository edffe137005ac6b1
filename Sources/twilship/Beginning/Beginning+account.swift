import ArgumentParser
import Settings
import Sinks
import TwilioSources

/// Which account, with which key, and what it may read.
extension Beginning {
    private static let noKey = "none"

    mutating func account() async throws {
        draft.edge = options.edge
        draft.region = options.region
        if let base = options.baseURL {
            if let reason = draft.refusal(changing: { $0.baseURL = base }) {
                throw CommandRefusal.usage("--base-url: \(reason)")
            }
            draft.baseURL = base
        }
        draft.collectsLogs = !options.noLogs
        draft.name = try answer(
            "--name", options.name ?? (input == nil ? "production" : nil), again: false, "\nA label for the account",
            default: "production"
        ) { [draft] name in draft.refusal { $0.name = name } }
        draft.collectsAlerts = options.alerts
        var (asks, again) = (true, false)
        while true {
            if asks { try askForAccount(again: again) }
            (asks, again) = (false, true)
            guard !options.noTry else { return }
            switch try await tried() {
            case .good: return
            case .tryAgain: continue
            case .askAgain: asks = true
            }
        }
    }

    private mutating func askForAccount(again: Bool) throws {
        draft.accountSID = try answer(
            "--account-sid", options.accountSID, again: again, "Account SID (AC..., on the console's first page)",
            default: again ? draft.accountSID : nil
        ) { [draft] sid in draft.refusal { $0.accountSID = sid } }
        let given = options.authToken ? Self.noKey : options.keySID
        let key = try answer(
            "--key-sid", given, again: again,
            "API key SID (SK...; \(Self.noKey): the account's auth token is used instead)",
            default: again ? draft.keySID ?? Self.noKey : nil
        ) { [draft] sid in sid == Self.noKey ? nil : draft.refusal { $0.keySID = sid } }
        draft.keySID = key == Self.noKey ? nil : key
        draft.logsKeySID = again ? nil : options.logsKeySID
        if let key = draft.logsKeySID {
            if let reason = draft.refusal(changing: { $0.logsKeySID = key }) {
                throw CommandRefusal.usage("--logs-key-sid: \(reason)")
            }
            secrets[.logs] = try secret(options.logsSecret, again: false, "Secret of \(key)")
        }
        let whose = draft.keySID.map { "Secret of \($0)" } ?? "Auth token of \(draft.accountSID)"
        secrets[.account] = try secret(options.secret, again: again, whose)
        if input != nil, !again, !options.alerts, let input {
            draft.collectsAlerts = try input.confirm("Collect alerts, too (errors and warnings)?", default: false)
        }
    }

    // MARK: - Trying

    private enum Outcome {
        case good
        case tryAgain
        case askAgain
    }

    private mutating func tried() async throws -> Outcome {
        let settings = try resolved()
        Terminal.progress(WorkProgress(done: nil, text: "asking Twilio ..."))
        let attempts = await AccountTrial(account: settings.accounts[0], clock: clock, logger: logger).run()
        Terminal.endProgress()
        for attempt in attempts { say(attempt.finding) }
        if let owner = attempts.compactMap(\.otherOwner).first { return try other(owner) }
        if attempts.contains(where: { $0.finding.level == .failure }) { return try failed() }
        let refused = attempts.filter { $0.finding.level == .refusal }.map(\.dataset)
        if refused.contains(.monitorEvents) { return try refusedAll() }
        if refused.contains(.serverlessLogs) { return try refusedLogs() }
        if refused.contains(.monitorAlerts) { return try refusedAlerts() }
        list(attempts.compactMap(\.environments).first)
        return .good
    }

    private mutating func other(_ owner: String) throws -> Outcome {
        guard let input else {
            throw CommandRefusal(
                exit: Exit.configuration.rawValue, sentence: "--account-sid is not the key's account, which is \(owner)"
            )
        }
        guard try input.confirm("Collect \(owner), the key's account?", default: true) else { return .askAgain }
        draft.accountSID = owner
        return .tryAgain
    }

    private func failed() throws -> Outcome {
        guard let input else {
            throw CommandRefusal(
                exit: Exit.unavailable.rawValue,
                sentence:
                    "Twilio could not be asked. Look at the network, DNS and proxy (HTTPS_PROXY) of this machine; "
                    + "--no-try writes the configuration without")
        }
        say("Twilio could not be asked: look at the network, DNS and proxy (HTTPS_PROXY) of this machine.")
        switch try input.choose(
            "What now?", [("again", "try again"), ("change", "answer anew"), ("go", "go on without having tried it")],
            default: "again")
        {
        case "go": return .good
        case "change": return .askAgain
        default: return .tryAgain
        }
    }

    private func refusedAll() throws -> Outcome {
        guard input != nil else {
            throw CommandRefusal(
                exit: Exit.permission.rawValue,
                sentence: "Twilio refuses this key. Look whether the SID is that of the secret, whether the key was "
                    + "revoked, and whether it is of this region")
        }
        say(
            "Twilio does not let this in: a SID that is not that of the secret, a key that was revoked or is of another "
                + "region (--edge, --region), or a Restricted one that lacks the permission. Once more:")
        return .askAgain
    }

    private mutating func refusedLogs() throws -> Outcome {
        guard let input else {
            throw CommandRefusal(
                exit: Exit.permission.rawValue,
                sentence: "this key may not read function logs: give a Standard one for them with --logs-key-sid, or "
                    + "leave them out with --no-logs")
        }
        let key = try input.ask(
            "SID of a Standard key for function logs (Enter: leave function logs out)", default: ""
        ) { [draft] sid in sid.isEmpty ? nil : draft.refusal { $0.logsKeySID = sid } }
        guard !key.isEmpty else {
            (draft.collectsLogs, draft.logsKeySID, secrets[.logs]) = (false, nil, nil)
            say("Function logs are left out: enabled = false in [account.logs].")
            return .good
        }
        draft.logsKeySID = key
        secrets[.logs] = try secret(options.logsSecret, again: true, "Secret of \(key)")
        return .tryAgain
    }

    private mutating func refusedAlerts() throws -> Outcome {
        guard let input else {
            throw CommandRefusal(
                exit: Exit.permission.rawValue, sentence: "this key may not read alerts: leave --alerts out")
        }
        guard try input.confirm("Leave alerts out?", default: true) else { return .askAgain }
        draft.collectsAlerts = false
        return .tryAgain
    }

    /// The services that were found, each with its environments.
    private func list(_ environments: [DiscoveredEnvironment]?) {
        guard let environments, !environments.isEmpty else { return }
        let services = Dictionary(grouping: environments) { environment in
            environment.serviceName.isEmpty ? environment.serviceSID : environment.serviceName
        }.map { name, environments in
            let names = environments.map { environment in
                (environment.environmentName.isEmpty ? environment.environmentSID : environment.environmentName)
                    + (environment.isDeployed ? "" : " (no build)")
            }
            return (name: name, environments: names.sorted())
        }.sorted { $0.name < $1.name }
        say("  Function logs will be read from")
        for service in services.prefix(Self.servicesShown) {
            say("    \(service.name): \(service.environments.joined(separator: ", "))")
        }
        if services.count > Self.servicesShown { say("    and \(services.count - Self.servicesShown) more services") }
    }

    private static let servicesShown = 20
}
