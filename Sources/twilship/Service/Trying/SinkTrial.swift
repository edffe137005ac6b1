import Logging
import PipelineCore
import Settings
import Sinks
import Synchronization
import Transport

/// Tries the way to one sink's other end.
struct SinkTrial: Sendable {
    /// Of everything but the test record, and of that.
    static let limit: Duration = .seconds(10)
    /// Leaves time to say what came of it.
    private static let step: Duration = .seconds(8)

    let sink: SinkSettings
    /// Whether a record is sent that says that it is a test.
    let sendsTest: Bool
    let clock: any PipelineClock
    let logger: Logger

    func run() async -> [Finding] {
        var findings: [Finding]
        switch sink.kind {
        case .syslog(let syslog): findings = await self.syslog(syslog)
        case .http(let http): findings = await self.http(http)
        case .file(let file): findings = await blocking { FileProbe(path: "\(file.path)").run() }
        case .journal: findings = JournalProbe().run()
        case .stdout: findings = [Finding(.note, "standard output is there when the service runs")]
        }
        if sendsTest, !findings.contains(where: { $0.level == .failure || $0.level == .refusal }) {
            findings.append(await self.test())
        }
        return findings
    }

    private func blocking(_ work: @escaping @Sendable () -> [Finding]) async -> [Finding] {
        await TimeLimit.within(Self.limit) { await TimeLimit.onThread(work) } ?? [Self.late]
    }

    private static let late = Finding(.failure, "did not come to an end within \(limit.forPeople): something hangs")

    // MARK: - Syslog

    private func syslog(_ settings: SyslogSinkSettings) async -> [Finding] {
        let options = SyslogSinkOptions(settings, format: sink.recordFormat)
        let now = clock.wallNow
        let probes = SyslogProbe.targets(options.destination).map {
            SyslogProbe($0, timeout: Self.step, now: now)
        }
        var findings = await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (place, probe) in probes.enumerated() {
                group.addTask { (place, await blocking { probe.run() }) }
            }
            var found = [[Finding]](repeating: [], count: probes.count)
            for await (place, some) in group { found[place] = some }
            return found.flatMap { $0 }
        }
        if let own = settings.tls?.certificateFile { findings.append(Finding(clientCertificate: own, now: now)) }
        findings.append(limit(settings))
        return findings
    }

    /// What rsyslog takes unless it is told (`maxMessageSize`); syslog-ng takes 64 KiB.
    private static let usualOfRsyslog = 8096

    /// No protocol of syslog lets the two ends agree on it.
    private func limit(_ settings: SyslogSinkSettings) -> Finding {
        let limit = settings.maximumMessageBytes
        let kibibytes = max(64, (limit + 1023) / 1024)
        let usual = limit > Self.usualOfRsyslog ? ", as rsyslog does unless it is told (\(Self.usualOfRsyslog))," : ""
        let advice =
            "messages have up to \(limit) bytes (max_message_bytes); a receiver that takes less\(usual) cuts them and "
            + "acknowledges them all the same, which no answer shows. Set there: rsyslog "
            + "global(maxMessageSize=\"\(kibibytes)k\") before any input, and no smaller maxDataSize at imrelp; "
            + "syslog-ng options { log-msg-size(\(kibibytes * 1024)); };"
        return Finding(.note, sendsTest ? advice : advice + " --send-test sends one of that length to look at")
    }

    // MARK: - HTTP

    private func http(_ settings: HTTPSinkSettings) async -> [Finding] {
        let now = clock.wallNow
        var findings = await blocking { handshake(settings, now: now) }
        if let own = settings.tls?.certificateFile { findings.append(Finding(clientCertificate: own, now: now)) }
        guard !findings.contains(where: { $0.level == .failure || $0.level == .refusal }) else { return findings }
        findings.append(
            Finding(
                .note,
                "requests have up to \(ByteSize.text(sink.batch.maximumBytes)) before compression ([sink.batch] "
                    + "max_bytes); what the other end finds too large (413) is sent in halves"))
        if settings.preset == .generic {
            if !sendsTest {
                findings.append(
                    Finding(
                        .note, "the token and the path are tried by a record only: --send-test sends one that says so"))
            }
            return findings
        }
        do {
            let endpoint = try settings.make(
                format: sink.recordFormat, isText: sink.format == .cef, inFlight: 1, logger: logger, longest: Self.step)
            findings += await TimeLimit.within(Self.limit) { await endpoint.probe() } ?? [Self.late]
            await endpoint.close()
        } catch {
            findings.append(Finding(.failure, "\(error)"))
        }
        return findings
    }

    private func handshake(_ settings: HTTPSinkSettings, now: Timestamp) -> [Finding] {
        do {
            let url = try HTTPURL("\(settings.url)")
            let certificate = try Handshake.certificate(of: url, settings.transportOptions, timeout: Self.step)
            let way = certificate == nil ? "without encryption" : "with TLS, verified"
            return [Finding(.fine, "\(url.origin): connected \(way)")]
                + [certificate.map { Finding($0, now: now) }].compactMap { $0 }
        } catch let error as TransportError {
            return [Finding(error)]
        } catch {
            return [Finding(.failure, "\(error)")]
        }
    }

    // MARK: - A record

    private func test() async -> Finding {
        let (record, bytes) = TestRecord(for: sink, at: clock.wallNow).made()
        let length = bytes.map { " of \($0) bytes" } ?? ""
        let what = "a test record\(length) (type \(TestRecord.type), id \(record.id))"
        let look = "look for it there, whole, up to \"\(TestRecord.end)\" and what follows it"
        do {
            guard let sink = try sender() else {
                return Finding(.note, "test records are for syslog, HTTP and journal sinks only")
            }
            let departure = Departure()
            let delivery = await TimeLimit.within(Self.limit) {
                await sink.deliver(Batch(records: [record], key: "test-\(record.id)")) { departure.note() }
            }
            guard let delivery else {
                return departure.isNoted
                    ? Finding(.warning, "\(what) was sent, but not confirmed within \(Self.limit.forPeople): \(look)")
                    : Self.late
            }
            await sink.close()
            if let reason = delivery.obstacle { return Finding(.failure, "\(what) was not taken: \(reason)") }
            switch sink.guarantee {
            case .bestEffort: return Finding(.fine, "\(what) was sent, and nobody says what became of it: \(look)")
            case .firstKernel: return Finding(.fine, "\(what) has reached the other machine: \(look)")
            case .atLeastOnce, .exactlyOnce: return Finding(.fine, "\(what) was acknowledged: \(look)")
            }
        } catch {
            return Finding(.failure, "\(what) cannot be sent: \(error)")
        }
    }

    /// Nil for sinks that need the service's state, or its standard output.
    private func sender() throws -> (any Sink)? {
        switch sink.kind {
        case .syslog(let syslog):
            var options = SyslogSinkOptions(syslog, format: sink.recordFormat)
            options.confirmAfter = min(options.confirmAfter, .seconds(2))
            options.timeouts.connect = Self.step
            options.timeouts.close = .seconds(1)
            return try SyslogSink(name: sink.name, options: options, log: logger)
        case .http(let http):
            return try http.make(
                format: sink.recordFormat, isText: sink.format == .cef, inFlight: 1, logger: logger, longest: Self.step)
        case .journal: return JournalSink(name: sink.name, format: sink.recordFormat)
        case .file, .stdout: return nil
        }
    }
}

/// Whether the record has left.
private final class Departure: Sendable {
    private let flag = Atomic<Bool>(false)

    var isNoted: Bool { flag.load(ordering: .relaxed) }

    func note() { flag.store(true, ordering: .relaxed) }
}

extension Delivery {
    /// Why one record was not taken; nil if it was.
    fileprivate var obstacle: String? {
        switch self {
        case .accepted: nil
        case .retry(_, let reason), .fault(_, let reason), .split(let reason), .hold(let reason): reason
        case .perRecord(let verdicts):
            verdicts.lazy.compactMap { verdict in
                switch verdict {
                case .accepted: nil
                case .retry(_, let reason), .rejected(let reason): reason
                }
            }.first
        }
    }
}
