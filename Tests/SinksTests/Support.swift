import CZlib
import CZstd
import Foundation
import Logging
import PipelineCore
import Synchronization

@testable import Sinks

/// A folder that goes with its last reference.
final class TemporaryFolder: Sendable {
    let path: String

    /// - Parameter fast: in memory where there is such a file system, for tests that sync thousands of times.
    init(fast: Bool = false) throws {
        let memory = "/dev/shm"
        let base =
            fast && access(memory, W_OK) == 0
            ? memory : FileManager.default.temporaryDirectory.path(percentEncoded: false)
        path = (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/twilship-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Names of everything below, sorted.
    var names: [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
    }

    func text(_ name: String) throws -> String {
        try Files.text(path + "/" + name)
    }
}

enum Files {
    /// The file's text, decompressed if it is a gzip or zstd file.
    static func text(_ path: String) throws -> String {
        if path.hasSuffix(".zst") { return try unpacked(Data(contentsOf: URL(filePath: path))) }
        guard let file = gzopen(path, "rb") else { throw CocoaError(.fileReadNoSuchFile) }
        defer { gzclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = gzread(file, &piece, UInt32(piece.count))
            if got < 0 { throw CocoaError(.fileReadCorruptFile) }
            if got == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<Int(got)]
        }
    }

    /// The text of one zstd frame.
    private static func unpacked(_ packed: Data) throws -> String {
        guard let context = ZSTD_createDCtx() else { throw CocoaError(.fileReadUnknown) }
        defer { ZSTD_freeDCtx(context) }
        let packed = [UInt8](packed)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        var position = 0
        var left = 1
        while left != 0 {
            let (before, room) = (position, piece.count)
            let made = packed.withUnsafeBytes { source in
                piece.withUnsafeMutableBytes { target in
                    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: before)
                    var output = ZSTD_outBuffer(dst: target.baseAddress, size: room, pos: 0)
                    left = ZSTD_decompressStream(context, &output, &input)
                    position = input.pos
                    return output.pos
                }
            }
            guard ZSTD_isError(left) == 0, left == 0 || position > before || made > 0 else {
                throw CocoaError(.fileReadCorruptFile)
            }
            bytes += piece[..<made]
        }
        guard position == packed.count else { throw CocoaError(.fileReadCorruptFile) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a program prints; it must succeed.
    static func output(of program: String, _ arguments: String...) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileReadCorruptFile) }
        return String(decoding: data, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    static func append(_ text: String, to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}

/// The dispatcher's side of the state: what it settled is there, what it did not is not.
final class MemoryStore: SinkStateStore {
    enum Fault: Error { case beforeSaving, afterSaving }

    private struct State {
        var values: [String: [UInt8]] = [:]
        var saves = 0
        var fault: @Sendable () throws -> Fault? = { nil }
    }

    private let state = Mutex(State())

    var values: [String: [UInt8]] { state.withLock(\.values) }
    var saves: Int { state.withLock(\.saves) }

    /// Asked before each save; what it throws or returns makes the save fail.
    func onSave(_ fault: @escaping @Sendable () throws -> Fault?) {
        state.withLock { $0.fault = fault }
    }

    func load() async throws -> [String: [UInt8]] { values }

    func save(_ changes: SinkState) async throws {
        let fault = try state.withLock(\.fault)()
        if fault == .beforeSaving { throw Fault.beforeSaving }
        state.withLock { $0.saves += 1 }
        settle(changes)
        if let fault { throw fault }
    }

    func settle(_ changes: SinkState) {
        state.withLock { state in for (key, value) in changes { state.values[key] = value } }
    }

    func file(_ path: String) -> FileState? {
        values["file:" + path].flatMap(FileState.init(bytes:))
    }
}

/// A clock that stands until it is told otherwise.
final class StandingClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_790_000_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}

/// Ends a sink at a chosen step: from then on every step throws, as if the process were gone.
final class Crash: Sendable {
    struct Dead: Error {}

    private struct State {
        var choose: @Sendable (FileSinkStep) -> Bool
        var isFaulty: @Sendable () -> Bool
        var at: FileSinkStep?
    }

    private let state: Mutex<State>

    /// - Parameter isFaulty: asked at each step; true makes that step fail, and nothing after it.
    init(
        _ choose: @escaping @Sendable (FileSinkStep) -> Bool = { _ in false },
        isFaulty: @escaping @Sendable () -> Bool = { false }
    ) {
        state = Mutex(State(choose: choose, isFaulty: isFaulty))
    }

    /// The `occurrence`-th time that `step` comes.
    convenience init(at step: FileSinkStep, occurrence: Int) {
        let left = Mutex(occurrence)
        self.init { now in
            now == step
                && left.withLock { left in
                    left -= 1
                    return left == 0
                }
        }
    }

    var step: FileSinkStep? { state.withLock(\.at) }

    func check(_ step: FileSinkStep) throws {
        try state.withLock { state in
            if state.at == nil, state.choose(step) { state.at = step }
            if state.at != nil { throw Dead() }
            if state.isFaulty() { throw FileSinkError.failed("sync", path: "\(step)", code: EIO) }
        }
    }

    func checkAlive() throws {
        if step != nil { throw Dead() }
    }
}

extension SpooledRecord {
    var text: String { String(decoding: line, as: UTF8.self) + "\n" }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A sink with all that it is given, and the dispatcher's part in one line.
struct Bench {
    let folder: TemporaryFolder
    let store = MemoryStore()
    let clock = StandingClock()
    var options: FileSinkOptions
    var crash = Crash()
    var log = Logger.silent

    init(_ name: String = "out.jsonl", fast: Bool = false) throws {
        folder = try TemporaryFolder(fast: fast)
        options = FileSinkOptions(
            path: try PathTemplate(folder.path + "/" + name), rotateBytes: nil, rotateInterval: nil, compression: .none)
    }

    var path: String { options.path.text }

    func sink() -> FileSink {
        let crash = crash
        let clock = clock
        store.onSave {
            try crash.checkAlive()
            return nil
        }
        return FileSink(
            name: "archive", options: options, store: store, log: log, now: { clock.now },
            probe: { try crash.check($0) })
    }

    /// Delivers and settles. Returns why not.
    @discardableResult
    func put(_ records: [SpooledRecord], _ sink: FileSink) async -> String? {
        switch await sink.deliver(Batch(records: records)) {
        case .accepted(let state):
            store.settle(state)
            return nil
        case let other:
            return other.reason ?? "\(other)"
        }
    }

    /// Everything in files whose names begin with the path's, in the order in which they were rotated.
    func everything() throws -> String {
        let name = path.dropFirst(folder.path.count + 1)
        let files = folder.names.filter { $0.hasPrefix(name) }
        // "out.jsonl" sorts first but was written last.
        return try (files.filter { $0 != name } + files.filter { $0 == name }).map(folder.text).joined()
    }
}
