import Controlling
import Foundation
import Logging
import PipelineCore
import ServiceLifecycle

/// Takes commands from other processes of this machine for as long as the service runs.
struct ControlService: Service {
    /// Whose members may ask beside the service's own user.
    static let group = "twilship"
    /// A socket that cannot be made is tried again this often: collecting goes on without it.
    static let pause: Duration = .seconds(60)

    let assembly: Assembly
    let logger: Logger

    func run() async throws {
        let path = ControlPath.ofService(assembly.settings, ProcessInfo.processInfo.environment)
        let commands = ControlCommands(assembly: assembly, logger: logger)
        let logger = logger
        let server = ControlServer(
            path: path, group: Self.group,
            notice: { logger.notice("\($0)", metadata: ["message_id": "\(LogKind.controlNotice)"]) },
            handler: { await commands.carryOut($0, $1, $2) })
        await cancelWhenGracefulShutdown {
            var hasFailed = false
            repeat {
                do {
                    return try await server.run()
                } catch {
                    if !hasFailed {
                        logger.error(
                            "commands cannot be taken, everything else goes on; it is tried again",
                            metadata: ["message_id": "\(LogKind.commandsUnavailable)", "reason": "\(error)"])
                    }
                    hasFailed = true
                }
            } while (try? await Task.sleep(for: Self.pause)) != nil
        }
        // Without a socket too, the service goes on until it is told to stop.
        try await gracefulShutdown()
    }
}
