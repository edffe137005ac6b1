import ArgumentParser
import Foundation
import Glibc
import SystemdSupport

/// What people see: answers to stdout, talk to stderr, nothing from outside raw.
enum Terminal {
    /// Asked for each line, and never another.
    private static let isOnTerminal = isatty(STDOUT_FILENO) == 1

    /// Writes a line to stdout. Ends the program quietly when nobody reads any more, and with exit code 74 where it
    /// cannot be written.
    static func say(_ line: String) {
        // What goes to a file or a pipe leaves the bar on the screen where it is.
        if isOnTerminal { endProgress() }
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// Writes JSON to stdout: as it is for programs, and for a terminal with nothing in it that one obeys.
    static func sayJSON(_ json: String) {
        say(isOnTerminal ? json.jsonTerminalSafe : json)
    }

    /// Shows what a command says.
    /// - Parameter isJSON: whether answers are meant for programs.
    static func show(_ kind: CommandVoice.Kind, _ text: String, isJSON: Bool) {
        switch kind {
        case .answer: isJSON ? sayJSON(text) : say(text.terminalSafe)
        case .remark: complain(text.terminalSafe)
        case .progress: progress(WorkProgress(text))
        }
    }

    /// Writes a line to stderr.
    static func complain(_ line: String) {
        endProgress()
        write(line + "\n", to: STDERR_FILENO)
    }

    /// Writes the beginning of a line to stderr, which an answer goes on.
    static func prompt(_ text: String) {
        endProgress()
        write(text, to: STDERR_FILENO)
    }

    /// Writes all of it, or ends the program.
    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { end(writing: descriptor, errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Nobody reads any more: that is no fault. Anything else is: what was written is cut short.
    private static func end(writing descriptor: Int32, _ code: Int32) -> Never {
        if code == EPIPE { exit(0) }
        if descriptor == STDOUT_FILENO {
            let sentence =
                "twilship: the output cannot be written, it is not whole: \(String(cString: strerror(code)))\n"
            _ = sentence.utf8CString.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
        }
        exit(Exit.io.rawValue)
    }

    /// A value as JSON, its keys sorted, on one line or several.
    static func json(_ value: some Encodable, pretty: Bool = true) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension Duration {
    /// `12 s`, `4 min`, `3 h`, `5 d`: for people, rounded down.
    var forPeople: String {
        let seconds = max(0, components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// The same, rounded up: for what is meant as a bound.
    var upToForPeople: String {
        let seconds = max(0, components.seconds + (components.attoseconds > 0 ? 1 : 0))
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\((seconds + 59) / 60) min"
        case ..<172_800: "\((seconds + 3599) / 3600) h"
        default: "\((seconds + 86_399) / 86_400) d"
        }
    }
}
