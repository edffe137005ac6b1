import ArgumentParser
import Controlling
import Forwarding
import Foundation
import Glibc
import PipelineCore
import Settings
import Spooling

/// A command on what is remembered: carried out by the running service, or on the state of a stopped one.
protocol StateCommand: Sendable {
    /// Its name on the control socket.
    static var name: String { get }
    /// Whether it changes the state; without a service it then takes the lock.
    static var changesState: Bool { get }

    var arguments: [String: ControlValue] { get }
    /// - Throws: `CommandRefusal`.
    init(_ arguments: [String: ControlValue]) throws
    func run(_ state: StateAccess, _ voice: CommandVoice) async throws -> ControlEnd
}

extension StateCommand {
    var control: ControlRequest { ControlRequest(Self.name, arguments: arguments) }
}

/// What a command on the state works with.
struct StateAccess: Sendable {
    let settings: ResolvedSettings
    let reader: StateReader
    /// Whose command it is.
    let uid: UInt32
    /// Nil if no service runs.
    let registry: StreamRegistry?
    let now: Timestamp
    private let openSpool: Spool?

    /// Within the service.
    init(_ assembly: Assembly, uid: UInt32) throws {
        settings = assembly.settings
        reader = try StateReader(StateDirectory(path: assembly.settings.state.directory))
        self.uid = uid
        registry = assembly.registry
        now = assembly.network.clock.wallNow
        openSpool = assembly.spool
    }

    private init(_ settings: ResolvedSettings, _ reader: StateReader, spool: Spool?) {
        self.settings = settings
        self.reader = reader
        uid = getuid()
        registry = nil
        now = SystemClock().wallNow
        openSpool = spool
    }

    /// Where changes are made.
    var spool: Spool {
        guard let openSpool else { preconditionFailure("a command that only reads asked for the spool") }
        return openSpool
    }

    var hasService: Bool { registry != nil }

    /// The names of the configured sinks, all of them or the one that is meant.
    /// - Throws: `CommandRefusal` if there is none of that name.
    func sink(_ name: String) throws -> String {
        guard settings.sinks.contains(where: { $0.name == name }) else {
            throw CommandRefusal.unknown("sink", name, among: settings.sinks.map(\.name))
        }
        return name
    }

    /// Whether this process may look at the state, be there one or not.
    static func canRead(_ settings: ResolvedSettings) -> Bool {
        access(settings.state.directory + "/state.sqlite", R_OK) == 0 || errno != EACCES
    }

    /// - Throws: `CommandRefusal` if there is no state that this process can read; none is made.
    static func mustExist(_ settings: ResolvedSettings) throws {
        do throws(SpoolError) {
            _ = try StateReader(StateDirectory(path: settings.state.directory))
        } catch {
            // An older version's is brought up to date when it is opened for writing.
            guard case .directory = error, access(settings.state.directory + "/state.sqlite", F_OK) != 0 else { return }
            throw CommandRefusal(exit: Exit.code(for: error).rawValue, sentence: "\(error)")
        }
    }

    /// Carries a command out on the state of a stopped service, as the owner of its directory.
    static func alone(_ command: some StateCommand, _ settings: ResolvedSettings, _ voice: CommandVoice) async throws
        -> ControlEnd
    {
        guard canRead(settings) else {
            throw CommandRefusal(
                exit: Exit.permission.rawValue,
                sentence:
                    "this user may not read \(settings.state.directory), and no service runs that could be asked; "
                    + "use sudo")
        }
        let directory = StateDirectory(path: settings.state.directory)
        do {
            guard type(of: command).changesState else {
                return try await command.run(StateAccess(settings, try StateReader(directory), spool: nil), voice)
            }
            try mustExist(settings)
            try StateOwner.become(ownerOf: settings.state.directory)
            let clock = SystemClock()
            let spool = try Spool(
                directory: directory,
                options: SpoolOptions(maximumBytes: settings.state.maximumBytes, retain: settings.state.retain),
                version: Twilship.version, now: { clock.wallNow })
            let end: ControlEnd
            do {
                try await spool.announceCommand(
                    type(of: command).name, arguments: command.arguments.mapValues(ControlCommands.text),
                    uid: getuid())
                end = try await command.run(StateAccess(settings, try StateReader(directory), spool: spool), voice)
            } catch {
                try? await spool.close()
                throw error
            }
            try await spool.flush()
            try await spool.close()
            return end
        } catch let error as SpoolError {
            var sentence = "\(error)"
            if case .locked = error {
                sentence += "; its control socket cannot be reached, so nothing could be asked of it: see its journal"
            }
            return ControlEnd(exit: Exit.code(for: error).rawValue, error: sentence)
        }
    }
}

/// All commands on the state, by their names on the control socket.
enum StateCommands {
    private static let all: [any StateCommand.Type] = [
        DeadLettersList.self, DeadLettersShow.self, DeadLettersReplay.self, DeadLettersDrop.self, ReplayAdd.self,
        ReplayList.self, ReplayCancel.self, SpoolList.self, SpoolVerify.self, SpoolExport.self, CheckpointList.self,
        CheckpointSet.self, ExplainRecord.self, StatusQuestion.self,
    ]

    /// - Returns: nil if it is none of them.
    static func changesState(_ name: String) -> Bool? {
        all.first { $0.name == name }?.changesState
    }

    /// - Returns: nil if it is none of them.
    static func command(_ request: ControlRequest) throws -> (any StateCommand)? {
        try all.first { $0.name == request.command }?.init(request.arguments)
    }
}

extension [String: ControlValue] {
    mutating func set(_ key: String, _ text: String?) {
        if let text { self[key] = .string(text) }
    }

    mutating func set(_ key: String, _ time: Timestamp?) {
        if let time { self[key] = .string(time.rfc3339) }
    }

    func time(_ key: String) throws -> Timestamp? {
        guard let text = self[key]?.string else { return nil }
        guard let time = Timestamp(rfc3339: Array(text.utf8)) else {
            throw CommandRefusal.usage("\(key) \(text) is no RFC 3339 time")
        }
        return time
    }

    func flag(_ key: String) -> Bool { self[key]?.boolean ?? false }

    /// Numbers, one or several.
    func ids(_ key: String) throws -> [Int64] {
        if let id = self[key]?.integer { return [Int64(id)] }
        return try (self[key]?.strings ?? []).map { text in
            guard let id = Int64(text) else { throw CommandRefusal.usage("\(text) is no number") }
            return id
        }
    }
}
