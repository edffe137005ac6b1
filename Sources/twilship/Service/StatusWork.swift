import Controlling
import PipelineCore
import Settings
import Spooling

/// `status`, for who may not read the state themselves: members of the group ask the running service.
struct StatusQuestion: StateCommand {
    static let name = "status"
    static let changesState = false

    var json: Bool
    var all: Bool

    var arguments: [String: ControlValue] { ["json": .boolean(json), "all": .boolean(all)] }

    init(json: Bool, all: Bool) {
        self.json = json
        self.all = all
    }

    init(_ arguments: [String: ControlValue]) {
        self.init(json: arguments.flag("json"), all: arguments.flag("all"))
    }

    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd {
        let report = StatusReport(try state.reader.summary(), state.settings.accounts, now: state.now)
        for line in json ? [try Terminal.json(report)] : report.lines(all: all) { try await voice.answer(line) }
        return .success
    }
}
