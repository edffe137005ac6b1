import Forwarding
import Foundation
import Logging
import PipelineCore
import Spooling
import SystemdSupport

/// What is to be done on the spool every few seconds: commit progress without records, give room back, tell `status`
/// and the service manager how things stand.
struct SpoolKeeper: Sendable {
    static let interval: Duration = .seconds(2)
    /// Without news the state is saved this often, so that `status` can tell a quiet service from a stuck one.
    static let longestSilence: Duration = .seconds(60)

    let assembly: Assembly
    let notifier: ServiceNotifier
    let clock: any PipelineClock
    let logger: Logger
    let startedAt: Timestamp

    /// Runs until the task is cancelled.
    func run() async {
        var saved: (board: StatusBoard.Contents, at: ContinuousClock.Instant)?
        while (try? await clock.sleep(for: Self.interval)) != nil {
            let board = assembly.board.now
            if let saved, saved.board == board, saved.at.duration(to: clock.monotonicNow) < Self.longestSilence {
                continue
            }
            saved = (board, clock.monotonicNow)
            await keep()
        }
    }

    /// Once more, when everything else has stopped.
    func keep() async {
        do {
            try await assembly.spool.removeExpired()
        } catch {
            logger.error("delivered records cannot be removed; it is tried again", metadata: ["reason": "\(error)"])
        }
        do {
            let report = RuntimeReport(assembly, startedAt: startedAt, now: clock.wallNow)
            try await assembly.spool.saveRuntime(try report.json())
        } catch {
            logger.error("the state cannot be saved; it is tried again", metadata: ["reason": "\(error)"])
        }
        notifier.status(RuntimeReport.line(assembly.board.now))
    }
}

/// What the running service says of itself; `status` reads it from the state directory.
struct RuntimeReport: Codable {
    struct Stream: Codable {
        let account: String
        let account_sid: String
        let dataset: String
        let host: String
        let service_sid: String?
        let environment_sid: String?
        let status: StreamStatus

        /// Nil if another version wrote it and knows datasets that this one does not.
        var key: StreamKey? {
            Dataset(rawValue: dataset).map {
                StreamKey(
                    accountSID: account_sid, dataset: $0, host: host, serviceSID: service_sid,
                    environmentSID: environment_sid)
            }
        }
    }

    let version: String
    let process_id: Int32
    let started_at: Timestamp
    let updated_at: Timestamp
    let streams: [Stream]
    let sinks: [String: SinkStatus]

    init(_ assembly: Assembly, startedAt: Timestamp, now: Timestamp) {
        let board = assembly.board.now
        version = Twilship.version
        process_id = getpid()
        started_at = startedAt
        updated_at = now
        streams = assembly.ingestors.map(\.stream).map { stream in
            let key = stream.key
            return Stream(
                account: stream.account, account_sid: key.accountSID, dataset: key.dataset.rawValue, host: key.host,
                service_sid: key.serviceSID,
                environment_sid: key.environmentSID, status: board.streams[key] ?? StreamStatus())
        }
        sinks = board.sinks
    }

    func json() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }

    /// How things stand in one line, for `systemctl status`.
    static func line(_ board: StatusBoard.Contents) -> String {
        let failing = board.streams.values.count { $0.failures > 0 }
        let retrying = board.sinks.values.count { $0.state == .retrying }
        var line = "\(board.streams.count) streams, \(board.sinks.count) sinks"
        line += ", \(board.streams.values.reduce(0) { $0 + $1.taken }) records collected"
        if failing > 0 { line += ", \(failing) streams failing" }
        if retrying > 0 { line += ", \(retrying) sinks retrying" }
        return line
    }
}
