import Foundation
import Simulating
import Testing

/// A folder with a configuration, a simulator over HTTP, and the real program as a process of its own.
final class Workshop: Sendable {
    let folder: String
    let simulator: SimulatorServer

    init(_ simulator: SimulatorServer) throws {
        self.simulator = simulator
        folder = NSTemporaryDirectory() + "twilship-workshop-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Runs `body` with a simulator and a folder that are gone afterwards.
    static func with(_ options: SimulatorOptions, _ body: (Workshop) async throws -> Void) async throws {
        try await withSimulator(options) { simulator in
            let workshop = try Workshop(simulator)
            defer { try? FileManager.default.removeItem(atPath: workshop.folder) }
            try await body(workshop)
        }
    }

    var account: SimulatedAccount { simulator.twilio.accounts[0] }
    var configurationPath: String { folder + "/twilship.toml" }
    var outputFolder: String { folder + "/out" }

    /// Writes a configuration for the first account and a file sink.
    func configure(
        account: String = "", events: String = "", logs: String = "enabled = false", sink: String = "",
        top: String = ""
    ) throws {
        let more = account
        let text = """
            [state]
            directory = "\(folder)/state"
            \(top)
            [rate_limit]
            requests_per_second = 1000

            [[account]]
            name = "production"
            account_sid = "\(self.account.sid)"
            secret = "file:\(folder)/secret"
            \(more)
            [account.events]
            base_url = "\(simulator.url)"
            \(events)
            [account.logs]
            \(logs)

            [[sink]]
            name = "archive"
            type = "file"
            path = "\(outputFolder)/{account}.jsonl"
            \(sink)
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: configurationPath))
        try Data(self.account.authToken.utf8).write(to: URL(fileURLWithPath: folder + "/secret"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder + "/secret")
    }

    /// Runs the program to its end.
    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Outcome {
        let started = try start(arguments + ["--config", configurationPath], environment: environment)
        return await started.outcome()
    }

    /// Starts the program without waiting.
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Program {
        try Program(arguments, environment: environment)
    }

    /// Every record of Twilio's that the sink has written, in the order of its files: rotated ones by number, then the
    /// one written to.
    func delivered() throws -> [String] {
        try lines().filter { !Self.isOwn($0) }
    }

    /// Our own records that the sink has written.
    func announced() throws -> [OwnLine] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines().filter(Self.isOwn).map { try decoder.decode(OwnLine.self, from: Data($0.utf8)) }
    }

    private static let ownMark = Data(#""dataset":"twilship""#.utf8)

    static func isOwn(_ line: some StringProtocol) -> Bool {
        line.contains(#""dataset":"twilship""#)
    }

    private func lines() throws -> [String] {
        guard FileManager.default.fileExists(atPath: outputFolder) else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: outputFolder).filter { !$0.hasPrefix(".") }
        let current = names.filter { $0.hasSuffix(".jsonl") }
        let rotated = names.filter { !$0.hasSuffix(".jsonl") }.sorted()
        var lines: [String] = []
        for name in rotated + current {
            let path = outputFolder + "/" + name
            let text = try name.hasSuffix(".gz") ? Self.gunzip(path) : String(contentsOfFile: path, encoding: .utf8)
            #expect(text.isEmpty || text.hasSuffix("\n"), "\(name) ends in the middle of a line")
            lines += text.split(separator: "\n").map(String.init)
        }
        return lines
    }

    /// How many whole lines of Twilio's records are delivered; the last may be in the writing.
    func deliveredLines() throws -> Int {
        guard FileManager.default.fileExists(atPath: outputFolder) else { return 0 }
        return try FileManager.default.contentsOfDirectory(atPath: outputFolder).filter { $0.hasSuffix(".jsonl") }
            .reduce(0) { sum, name in
                let data = try Data(contentsOf: URL(fileURLWithPath: outputFolder + "/" + name))
                let whole = data[..<(data.lastIndex(of: 0x0A) ?? 0)]
                var own = 0
                var rest = whole
                while let mark = rest.range(of: Self.ownMark) {
                    own += 1
                    rest = rest[mark.upperBound...]
                }
                return sum + data.count { $0 == 0x0A } - own
            }
    }

    /// How many records `status` says are collected; 0 before there is a state.
    func collected() async throws -> Int {
        let status = try await run("status", "--json").output
        guard let report = try? JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any] else {
            return 0
        }
        return (report["streams"] as? [[String: Any]])?.first?["collected"] as? Int ?? 0
    }

    /// The `id` of every line delivered; each line must be a whole JSON object.
    func deliveredIDs() throws -> [String] {
        try delivered().map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(object?["id"] as? String)
        }
    }

    /// The SIDs of all events that Twilio shows now, oldest first.
    func truth() -> [String] {
        simulator.twilio.truth(account: account.sid, dataset: .events, at: SimulatorClock.now()).map(\.sid)
    }

    private static func gunzip(_ path: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc", path]
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(path) is not a whole gzip file")
        return String(decoding: data, as: UTF8.self)
    }
}

/// A record of our own.
struct OwnLine: Decodable {
    struct Facts: Decodable {
        var stream: String?
        var from: String?
        var to: String?
        var reason: String?
        var command: String?
        var uid: UInt32?
        var previous: String?
        var clean: Bool?
        var lastError: String?
    }

    let id: String
    let type: String
    let severity: String
    let account: String?
    let message: String
    let raw: Facts
}

/// How a program ended, and what it said.
struct Outcome: Sendable {
    let code: Int32
    let wasKilled: Bool
    let output: String
    let complaints: String
}

/// The real program, running.
final class Program: @unchecked Sendable {
    // Foundation's Process is not Sendable; this class only reads its properties that are documented as safe from any
    // thread, and each of its methods is called by one task.
    private let process = Process()
    private let output: String
    private let complaints: String
    private let ended: AsyncStream<Void>

    /// Where the program lies.
    static var path: String { executable(near: URL(fileURLWithPath: Bundle.main.bundlePath)).path }

    /// - Parameters:
    ///   - executable: another program, such as one that runs this one as somebody else.
    ///   - terminal: what it reads from and writes to; nil for files.
    init(
        _ arguments: [String], environment: [String: String], executable: String? = nil,
        terminal: PseudoTerminal? = nil
    ) throws {
        let folder = NSTemporaryDirectory() + "twilship-program-" + UUID().uuidString
        output = folder + ".out"
        complaints = folder + ".err"
        for path in [output, complaints] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.executableURL = URL(fileURLWithPath: executable ?? Self.path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "NO_COLOR": "1"].merging(environment) { $1 }
        process.standardInput = terminal?.end ?? FileHandle.nullDevice
        process.standardOutput = terminal?.end ?? FileHandle(forWritingAtPath: output)
        process.standardError = terminal?.end ?? FileHandle(forWritingAtPath: complaints)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        ended = stream
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
    }

    /// The program lies beside the tests' own.
    private static func executable(near products: URL) -> URL {
        let candidates = [products, products.deletingLastPathComponent()].map { $0.appending(path: "twilship") }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? candidates[0]
    }

    var isRunning: Bool { process.isRunning }

    /// What it has written to stderr so far.
    var said: String { (try? String(contentsOfFile: complaints, encoding: .utf8)) ?? "" }

    /// What it has written to stdout so far.
    var printed: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    func outcome() async -> Outcome {
        for await _ in ended {}
        defer {
            try? FileManager.default.removeItem(atPath: output)
            try? FileManager.default.removeItem(atPath: complaints)
        }
        return Outcome(
            code: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "", complaints: said)
    }
}

/// Waits until `condition` holds; fails the test when it does not within `limit`, which is long: tests run beside each
/// other, and machines are busy.
func eventually(
    within limit: Duration = .seconds(240), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("not within \(limit): \(what)")
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
