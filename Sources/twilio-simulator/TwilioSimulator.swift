import ArgumentParser
import Foundation
import Simulating
import UnixSignals

/// A local Twilio for trying things out, for demonstrations and for tests.
@main
struct TwilioSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twilio-simulator",
        abstract: "A local Twilio: Monitor Events, Alerts and Serverless Logs, with their limits and their faults.",
        discussion: """
            Prints where it listens and which credentials it takes, then answers until SIGTERM or SIGINT. One address \
            serves all APIs. What was given out and what should have been found: GET /truth and /truth/summary. \
            Strings to pull while it runs: POST /control/emit, late, storm, fault, incident, end-incidents, skew, \
            account, life and stop-live. Durations are written 500ms, 5s, 10m, 2h, 7d.
            """)

    @OptionGroup(title: "Data") var data: DataArguments
    @OptionGroup(title: "Limits and refusals") var limits: LimitArguments
    @OptionGroup(title: "Behaviour") var behaviour: BehaviourArguments
    @OptionGroup(title: "Faults") var faults: FaultArguments
    @OptionGroup(title: "Serving") var serving: ServingArguments

    func validate() throws {
        if let problem = try options().problems.first { throw ValidationError(problem) }
    }

    func run() async throws {
        // Trapped before the port opens, so that a signal right after start is not lost.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let server: SimulatorServer
        do {
            server = try await SimulatorServer.start(options())
        } catch {
            FileHandle.standardError.write(Data("twilio-simulator: \(error)\n".utf8))
            throw ExitCode(69)
        }
        // The file says that the server is there, so it comes last but for the words.
        if let path = serving.portFile {
            do {
                try Data("\(server.port)\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch {
                FileHandle.standardError.write(
                    Data("twilio-simulator: cannot write \(path): \(error.localizedDescription)\n".utf8))
                throw ExitCode(73)
            }
        }
        FileHandle.standardOutput.write(Data((serving.json ? json(server) : text(server)).utf8))
        for await _ in signals { break }
        await server.stop()
    }

    private func options() throws -> SimulatorOptions {
        var options = SimulatorOptions()
        let start = serving.startTime?.milliseconds ?? SimulatorClock.now()
        data.apply(to: &options, start: start)
        limits.apply(to: &options)
        behaviour.apply(to: &options)
        faults.apply(to: &options, start: start)
        serving.apply(to: &options, start: start)
        return options
    }

    private func text(_ server: SimulatorServer) -> String {
        let accounts = server.twilio.accounts.map { account in
            """
            account \(account.sid) token \(account.authToken) key \(account.keySID) secret \(account.keySecret) \
            main \(account.mainKeySID) secret \(account.mainKeySecret) \
            restricted \(account.restrictedKeySID) secret \(account.restrictedKeySecret)

            """
        }
        return "listening on \(server.url)\n" + accounts.joined()
    }

    private func json(_ server: SimulatorServer) -> String {
        """
        {"url": "\(server.url)", "port": \(server.port), "start": \(server.twilio.start), \
        "accounts": [\(server.twilio.accounts.map(\.json).joined(separator: ", "))]}

        """
    }
}
