import Logging
import Measuring
import PipelineCore
import ServiceLifecycle
import Settings
import Sockets

/// Serves `/metrics` and `/healthz` at `[metrics] listen`. What fails here disturbs nothing else.
struct MetricsService: Service {
    /// A port that cannot be had is tried again this often.
    static let pause: Duration = .seconds(60)

    let address: Settings.Endpoint
    let report: MetricsReport
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown { await serve() }
        try await gracefulShutdown()
    }

    private func serve() async {
        let server = ScrapeServer(
            ["/metrics": { await report.scraped() }, "/healthz": { await report.health() }],
            notice: { [logger] reason in
                logger.warning(
                    "metrics cannot be served for a moment; everything else goes on",
                    metadata: ["message_id": "\(LogKind.metricsUnavailable)", "reason": "\(reason)"])
            })
        var hasFailed = false
        repeat {
            do throws(SystemError) {
                let host = address.host == "localhost" ? "127.0.0.1" : address.host
                let listening = try StreamSocket.listening(at: host, port: address.port)
                if hasFailed {
                    logger.notice(
                        "metrics are served now",
                        metadata: ["message_id": "\(LogKind.metricsAvailable)", "address": "\(address)"])
                }
                return await server.run(on: listening)
            } catch {
                if !hasFailed {
                    logger.error(
                        "metrics cannot be served, everything else goes on; it is tried again every minute",
                        metadata: [
                            "message_id": "\(LogKind.metricsUnavailable)", "address": "\(address)",
                            "reason": "\(error.reason)",
                        ])
                }
                hasFailed = true
            }
        } while (try? await Task.sleep(for: Self.pause)) != nil
    }
}

/// Writes `[metrics] textfile` again and again. What fails here disturbs nothing else.
struct TextFileService: Service {
    static let interval: Duration = .seconds(15)

    let file: TextFile
    let report: MetricsReport
    let clock: any PipelineClock
    let logger: Logger

    init(path: String, report: MetricsReport, clock: any PipelineClock, logger: Logger) {
        file = TextFile(path: path)
        self.report = report
        self.clock = clock
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var hasFailed = false
            repeat {
                guard let text = await report.file() else { continue }
                hasFailed = await write(text, hasFailed)
            } while (try? await clock.sleep(for: Self.interval)) != nil
        }
        try await gracefulShutdown()
    }

    /// - Returns: whether it failed, which is told once.
    private func write(_ text: String, _ hasFailed: Bool) async -> Bool {
        do throws(TextFileError) {
            try await file.write(text)
        } catch {
            if !hasFailed {
                logger.error(
                    "the file for metrics cannot be written, everything else goes on; it is tried again",
                    metadata: ["message_id": "\(LogKind.metricsUnavailable)", "reason": "\(error)"])
            }
            return true
        }
        if hasFailed {
            logger.notice(
                "the file for metrics is written again", metadata: ["message_id": "\(LogKind.metricsAvailable)"])
        }
        return false
    }
}
