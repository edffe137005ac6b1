import Controlling
import PipelineCore
import Spooling

/// `status`, for who may not read the state themselves: members of the group ask the running service. It answers with
/// the report as JSON, which the command shows.
struct StatusQuestion: StateCommand {
    static let name = "status"
    static let changesState = false

    var arguments: [String: ControlValue] { [:] }

    init() {}

    init(_ arguments: [String: ControlValue]) {}

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let report = StatusReport(try state.reader.summary(), state.settings, now: state.now)
        // By lines: one of the socket is bounded, and a thousand streams are long.
        for line in try Terminal.json(report).split(separator: "\n") { try await voice.answer(String(line)) }
        return .success
    }
}
