import Foundation
import Glibc
import Synchronization
import Testing

/// The real program at a terminal of its own, answered as a person does.
final class TerminalProgram: Sendable {
    private struct State {
        /// Everything that the terminal has shown.
        var shown = ""
        /// How much of it was expected already.
        var expected = 0
    }

    private let primary: CInt
    /// Held open, so that the terminal is still there to be looked at when the program has ended.
    private let secondary: CInt
    private let process = Process()
    private let ended: AsyncStream<Void>
    private let state = Mutex(State())

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        // Swift does not see posix_openpt and its like, nor the macros of ioctl_tty(2): TIOCSPTLCK, TIOCGPTN.
        primary = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: CInt = 0
        var number: CInt = 0
        try #require(
            primary >= 0 && ioctl(primary, 0x4004_5431, &lock) == 0 && ioctl(primary, 0x8004_5430, &number) == 0)
        let name = "/dev/pts/\(number)"
        secondary = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(secondary >= 0)
        // Ctrl-C reaches who has the terminal as its controlling one, which setsid sees to.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments = ["--ctty", "--wait", Program.path] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "TERM": "dumb"].merging(environment) { $1 }
        let terminal = FileHandle(fileDescriptor: secondary, closeOnDealloc: false)
        (process.standardInput, process.standardOutput, process.standardError) = (terminal, terminal, terminal)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        ended = stream
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        Thread.detachNewThread { [self] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(primary, &bytes, bytes.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                let text = String(decoding: bytes[..<count], as: UTF8.self)
                state.withLock { $0.shown += text }
            }
        }
    }

    /// Ends the reading thread, which holds this.
    func close() {
        process.terminate()
        Glibc.close(secondary)
        Glibc.close(primary)
    }

    var shown: String { state.withLock(\.shown) }

    /// Whether what is typed is shown now.
    var echoes: Bool {
        var mode = termios()
        return tcgetattr(primary, &mode) == 0 && mode.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Waits until the terminal shows a text behind those that were expected before.
    func expect(_ text: String) async throws {
        try await eventually(within: .seconds(60), "\"\(text)\" in \(shown)") {
            state.withLock { state in
                let rest = state.shown.dropFirst(state.expected)
                guard let range = rest.firstRange(of: text) else { return false }
                state.expected = state.shown.distance(from: state.shown.startIndex, to: range.upperBound)
                return true
            }
        }
    }

    /// Types a line when the terminal shows a question.
    func answer(_ question: String, _ line: String) async throws {
        try await expect(question)
        type(line + "\n")
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(write(primary, bytes, bytes.count) == bytes.count)
    }

    func exitCode() async -> Int32 {
        for await _ in ended {}
        return process.terminationStatus
    }

    /// The program below `setsid`.
    func signal(_ number: Int32) throws {
        let path = "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children"
        let children = try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").compactMap { pid_t($0) }
        // setsid forks only if it leads a group.
        #expect(kill(children.first ?? process.processIdentifier, number) == 0)
    }
}
