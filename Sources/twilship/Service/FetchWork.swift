import Controlling
import Forwarding
import PipelineCore
import Settings
import TwilioSources

/// Finds one record by its SID at Twilio.
struct FetchWork: Sendable {
    let network: NetworkPool
    let counted: RequestCount

    private struct Place: Sendable {
        let account: KnownAccounts.Account
        let collection: CollectionSettings
        let dataset: Dataset

        var name: String { "\(account.identity.name) \(dataset.rawValue)" }
    }

    private enum Finding: Sendable {
        case found(String)
        case absent
        case failed(SourceError)
    }

    func run(_ request: FetchRequest, _ voice: CommandVoice) async throws -> ControlEnd {
        let places = try places(request)
        guard !places.isEmpty else {
            throw CommandRefusal(exit: 69, sentence: nowhere(request))
        }
        var absent: [Place] = []
        var failed: [(place: Place, error: SourceError)] = []
        var found: (place: Place, record: String)?
        await withTaskGroup(of: (Place, Finding).self) { group in
            for place in places { group.addTask { (place, await look(for: request, at: place)) } }
            for await (place, finding) in group {
                switch finding {
                case .found(let record):
                    found = found ?? (place, record)
                    group.cancelAll()
                case .absent: absent.append(place)
                case .failed(.cancelled): break
                case .failed(let error): failed.append((place, error))
                }
            }
        }
        try Task.checkCancellation()
        if let found {
            try await voice.remark("found in \(found.place.name)")
            try await voice.answer(found.record)
            return .success
        }
        for (place, error) in failed { try await voice.remark("\(place.name): \(error)") }
        let looked = absent.map(\.name).sorted().joined(separator: ", ")
        var sentence = looked.isEmpty ? "\(request.sid) could not be looked for" : "\(request.sid) is not in \(looked)"
        if let hint = logsHint(request) { sentence += "; \(hint)" }
        if failed.isEmpty { return ControlEnd(exit: 69, error: sentence) }
        let isRefused = failed.allSatisfy { if case .unauthorized = $0.error { true } else { false } }
        return ControlEnd(exit: isRefused ? 77 : 75, error: sentence)
    }

    private func places(_ request: FetchRequest) throws -> [Place] {
        guard Self.isSID(request.sid) else {
            throw CommandRefusal.usage(
                "\(request.sid) is no SID of a record: AE (event) or NO (log line or alert) and 32 hexadecimal digits")
        }
        guard (request.service == nil) == (request.environment == nil) else {
            throw CommandRefusal.usage("--service and --environment belong together")
        }
        let isEvent = request.sid.hasPrefix("AE")
        if isEvent, request.service != nil {
            throw CommandRefusal.usage("\(request.sid) is an event; --service and --environment are for log lines, NO…")
        }
        let accounts = try network.accounts.named(request.account.map { [$0] } ?? [])
        return accounts.compactMap { account in
            let (collection, dataset): (CollectionSettings, Dataset) =
                isEvent
                ? (account.settings.events, .monitorEvents)
                : request.service == nil
                    ? (account.settings.alerts, .monitorAlerts) : (account.settings.logs, .serverlessLogs)
            return collection.enabled ? Place(account: account, collection: collection, dataset: dataset) : nil
        }
    }

    private func look(for request: FetchRequest, at place: Place) async -> Finding {
        let identity = place.account.identity
        let line: APILine
        do {
            line = try Endpoint(
                place.collection, place.dataset, of: place.account.settings, identity, network: network
            ).api.line(for: "\(identity.sid) fetch")
        } catch {
            return .failed(.refused(reason: "\(error)"))
        }
        var finding: Finding
        do throws(SourceError) {
            let page = try await page(request, place, line)
            finding = page.map { .found(String(decoding: $0[0].raw, as: UTF8.self)) } ?? .absent
        } catch {
            if case .gone = error { finding = .absent } else { finding = .failed(error) }
        }
        let records = if case .found = finding { 1 } else { 0 }
        await counted(identity.sid, identity.name, place.dataset, line.requestsMade, records)
        return finding
    }

    /// Nil where there is no such service or environment.
    private func page(_ request: FetchRequest, _ place: Place, _ line: APILine) async throws(SourceError) -> Page? {
        let lookup = RecordLookup(line: line)
        switch place.dataset {
        case .monitorEvents: return try await lookup.event(request.sid)
        case .monitorAlerts, .twilship: return try await lookup.alert(request.sid)
        case .serverlessLogs:
            guard let service = request.service, let environment = request.environment else { return nil }
            if service.hasPrefix("ZS"), Self.isSID(service), environment.hasPrefix("ZE"), Self.isSID(environment) {
                return try await lookup.log(request.sid, serviceSID: service, environmentSID: environment)
            }
            let found = try await ServerlessDirectory(line: line).environments(
                ofServices: { $0 == service || $1 == service }, where: { $0 == environment || $1 == environment })
            guard let only = found.first else { return nil }
            return try await lookup.log(
                request.sid, serviceSID: only.serviceSID, environmentSID: only.environmentSID)
        }
    }

    private static func isSID(_ text: String) -> Bool {
        text.utf8.count == 34 && text.utf8.prefix(2).allSatisfy { (65...90).contains($0) }
            && text.utf8.dropFirst(2).allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private func nowhere(_ request: FetchRequest) -> String {
        let dataset: Dataset =
            request.sid.hasPrefix("AE") ? .monitorEvents : request.service == nil ? .monitorAlerts : .serverlessLogs
        let whose = request.account.map { "account \($0) does not collect" } ?? "no account collects"
        let sentence = "\(request.sid) was not looked for: \(whose) \(dataset.rawValue)"
        return [sentence, logsHint(request)].compactMap(\.self).joined(separator: "; ")
    }

    /// A `NO` SID can be a log line's as well.
    private func logsHint(_ request: FetchRequest) -> String? {
        guard request.sid.hasPrefix("NO"), request.service == nil,
            network.accounts.all.contains(where: { $0.settings.logs.enabled })
        else { return nil }
        return "if it is a function's log line, say where: --service ZS… --environment ZE…, or their unique names"
    }
}

extension KnownAccounts {
    /// The accounts with these labels; all without any.
    func named(_ names: [String]) throws -> [Account] {
        let all = all
        for name in names where !all.contains(where: { $0.identity.name == name }) {
            throw CommandRefusal.unknown("account", name, among: all.map(\.identity.name))
        }
        return all.filter { names.isEmpty || names.contains($0.identity.name) }
    }
}

extension CommandRefusal {
    /// So many names are listed at the most.
    private static let listed = 12

    static func unknown(_ what: String, _ name: String, among known: [String]) -> CommandRefusal {
        var sentence = "there is no \(what) \"\(name)\"" + Suggestion.phrase(for: name, among: known)
        sentence += " (\(known.prefix(listed).joined(separator: ", "))"
        sentence += known.count > listed ? " and \(known.count - listed) more)" : ")"
        return usage(sentence)
    }
}
