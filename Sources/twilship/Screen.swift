@preconcurrency import Dispatch
import Glibc
import Synchronization

/// The whole terminal, for something that is drawn anew in place. What was there before comes back afterwards, however it
/// ends: by `q`, Ctrl-C, SIGTERM or SIGHUP. Ctrl-Z gives the terminal back for as long as it lasts.
final class Screen: Sendable {
    enum Event: Sendable {
        /// The size is another, or somebody has pressed a key.
        case redraw
        case end(exit: Int32)
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let sources: [any DispatchSourceProtocol]
    private let mode: Mode

    /// How the terminal was, and whether it is ours now.
    private final class Mode: Sendable {
        private struct State {
            /// Nil if standard input is no terminal.
            var before: termios?
            var isOurs = false
        }

        private let state = Mutex(State())

        /// An alternate screen, no cursor, no wrapping, and keys that are neither shown nor wait for the end of a line.
        func take() {
            state.withLock { state in
                guard !state.isOurs else { return }
                state.isOurs = true
                var settings = termios()
                if tcgetattr(STDIN_FILENO, &settings) == 0 {
                    state.before = settings
                    settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
                    tcsetattr(STDIN_FILENO, TCSANOW, &settings)
                }
                Terminal.write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l", to: STDOUT_FILENO)
            }
        }

        func giveBack() {
            state.withLock { state in
                guard state.isOurs else { return }
                state.isOurs = false
                Terminal.write("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l", to: STDOUT_FILENO)
                if var before = state.before { tcsetattr(STDIN_FILENO, TCSANOW, &before) }
            }
        }
    }

    init() {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let queue = DispatchQueue(label: "twilship.screen")
        let mode = Mode()
        (self.events, self.continuation, self.mode) = (events, continuation, mode)
        func whenSignalled(_ number: Int32, _ handler: @escaping @Sendable () -> Void) -> any DispatchSourceProtocol {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: handler)
            source.resume()
            return source
        }
        var sources = [
            whenSignalled(SIGINT) { continuation.yield(.end(exit: 0)) },
            whenSignalled(SIGTERM) { continuation.yield(.end(exit: 128 + SIGTERM)) },
            whenSignalled(SIGHUP) { continuation.yield(.end(exit: 128 + SIGHUP)) },
            whenSignalled(SIGWINCH) { continuation.yield(.redraw) },
            whenSignalled(SIGTSTP) {
                mode.giveBack()
                // To this thread, which so does not go on before all are stopped.
                raise(SIGSTOP)
                mode.take()
                continuation.yield(.redraw)
            },
        ]
        if isatty(STDIN_FILENO) == 1 {
            let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
            keys.setEventHandler {
                var bytes = [UInt8](repeating: 0, count: 64)
                let count = read(STDIN_FILENO, &bytes, bytes.count)
                let isEnd =
                    count > 0 && bytes.prefix(count).contains { $0 == UInt8(ascii: "q") || $0 == UInt8(ascii: "Q") }
                if count <= 0 { keys.cancel() }
                continuation.yield(isEnd ? .end(exit: 0) : .redraw)
            }
            keys.resume()
            sources.append(keys)
        }
        self.sources = sources
        mode.take()
    }

    /// Gives the terminal back.
    func close() {
        for source in sources { source.cancel() }
        mode.giveBack()
        continuation.finish()
    }

    /// A line that is no wider than the screen, and how it is painted.
    struct Line {
        let text: String
        let painted: String
    }

    /// Draws lines over what is there: each is cleared behind its end, so that nothing flickers.
    /// - Parameter lines: those that do not fit are left out.
    func draw(_ lines: [Line]) {
        let size = Self.size
        let texts = lines.prefix(size.rows).map { line in
            // Behind a full line the cursor still stands on its last character.
            line.painted + (line.text.count < size.columns ? "\u{1b}[K" : "")
        }
        Terminal.write("\u{1b}[H" + texts.joined(separator: "\n") + "\u{1b}[J", to: STDOUT_FILENO)
    }

    static var size: (columns: Int, rows: Int) { Terminal.size(of: STDOUT_FILENO) ?? (80, 24) }
}
