import ArgumentParser
import Controlling
import Foundation
import PipelineCore
import Settings
import Spooling

/// Why there is no report: a sentence, and an exit code of sysexits.h.
struct StatusTrouble: Error {
    let exit: Int32
    let sentence: String
    /// Whether no service listens where it should.
    var isServiceMissing = false
}

/// Has the report from the state, or from the running service where this user may not read the state.
struct StatusAsker: Sendable {
    let settings: ResolvedSettings

    func report() async throws(StatusTrouble) -> StatusReport {
        guard StateAccess.canRead(settings) else { return try await ask() }
        do {
            let reader = try StateReader(StateDirectory(path: settings.state.directory))
            return StatusReport(try reader.summary(), settings, now: SystemClock().wallNow)
        } catch {
            throw StatusTrouble(exit: Exit.code(for: error).rawValue, sentence: "\(error)")
        }
    }

    private func ask() async throws(StatusTrouble) -> StatusReport {
        var lines: [String] = []
        let end: ControlEnd?
        do {
            end = try await CommandClient.ask(StatusQuestion().control, settings) { line in
                let (kind, text) = CommandVoice.heard(line)
                if kind == .answer { lines.append(text) }
            }
        } catch let error as ControlClientError {
            throw StatusTrouble(exit: CommandClient.exit(error), sentence: "\(error)")
        } catch {
            throw StatusTrouble(exit: Exit.tryAgain.rawValue, sentence: "the service hung up")
        }
        guard let end else {
            throw StatusTrouble(
                exit: Exit.permission.rawValue,
                sentence:
                    "this user may not read \(settings.state.directory), and no service runs that could be asked; "
                    + "use sudo", isServiceMissing: true)
        }
        guard end.exit == 0 else {
            throw StatusTrouble(exit: end.exit, sentence: end.error ?? "the service cannot tell its status")
        }
        do {
            return try StatusReport(json: lines.joined(separator: "\n"))
        } catch {
            throw StatusTrouble(
                exit: Exit.tryAgain.rawValue,
                sentence: "the running service is of another version than this program, and what it says is not "
                    + "understood: restart it")
        }
    }
}

extension StatusReport {
    /// - Parameter json: what `Terminal.json` made of a report.
    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(json.utf8))
    }
}
