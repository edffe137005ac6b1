import ArgumentParser
import Glibc
import Synchronization
import SystemdSupport

/// Asks a person at the terminal: questions to stderr, answers from stdin.
///
/// However a question for something that is not shown ends, the terminal is as it was before: after the answer, at the
/// end of input, and at a signal, if `restore` is called then.
struct TerminalInput {
    /// How the terminal was before something is typed unseen.
    private static let before = Mutex<termios?>(nil)

    static var isThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Shows again what is typed, if it was not.
    static func restore() {
        before.withLock { before in
            guard var mode = before else { return }
            before = nil
            tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
        }
    }

    /// Asks until the answer is good. An empty answer is the default.
    /// - Parameter refusal: why an answer is no good, as a sentence.
    /// - Throws: exit 1 at the end of input.
    func ask(
        _ question: String, default preset: String? = nil, refusal: (String) -> String? = { _ in nil }
    ) throws -> String {
        while true {
            Terminal.prompt(question + (preset.map { $0.isEmpty ? "" : " [\($0)]" } ?? "") + ": ")
            let given = try line()
            let answer = given.isEmpty ? preset ?? "" : given
            if answer.isEmpty, preset == nil {
                Terminal.complain("  An answer is needed; Ctrl-C ends this, and nothing is written.")
            } else if let reason = refusal(answer) {
                Terminal.complain("  \(reason)".terminalSafe)
            } else {
                return answer
            }
        }
    }

    /// Asks for something that is not shown, until there is an answer.
    func secret(_ question: String, mayBeEmpty: Bool = false) throws -> String {
        while true {
            let answer = try unseen(question)
            if !answer.isEmpty || mayBeEmpty { return answer }
            Terminal.complain("  Nothing was typed; Ctrl-C ends this, and nothing is written.")
        }
    }

    private func unseen(_ question: String) throws -> String {
        defer { Self.restore() }
        Self.before.withLock { before in
            var mode = termios()
            guard tcgetattr(STDIN_FILENO, &mode) == 0 else { return }
            before = mode
            mode.c_lflag &= ~tcflag_t(ECHO)
            mode.c_lflag |= tcflag_t(ECHONL)
            // Stopped here with Ctrl-Z, it would go on with what is typed shown.
            withUnsafeMutableBytes(of: &mode.c_cc) { $0[Int(VSUSP)] = 0 }
            // What was typed before the question was seen was shown, so it is not the answer.
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)
        }
        Terminal.prompt(question + " (not shown): ")
        return try line()
    }

    /// - Returns: the key of what was chosen, by its number or key.
    func choose(_ question: String, _ options: [(key: String, text: String)], default preset: String) throws -> String {
        Terminal.complain(question)
        for (number, option) in options.enumerated() { Terminal.complain("  \(number + 1)  \(option.text)") }
        let keys = options.map(\.key)
        func key(_ answer: String) -> String? {
            if let number = Int(answer), keys.indices.contains(number - 1) { return keys[number - 1] }
            return keys.contains(answer.lowercased()) ? answer.lowercased() : nil
        }
        let number = keys.firstIndex(of: preset).map { "\($0 + 1)" }
        let answer = try ask("Number", default: number) { answer in
            key(answer) == nil ? "That is none of 1 to \(keys.count)." : nil
        }
        return key(answer) ?? preset
    }

    func confirm(_ question: String, default preset: Bool) throws -> Bool {
        let answer = try ask("\(question) \(preset ? "[Y/n]" : "[y/N]")", default: "") { answer in
            ["", "y", "yes", "n", "no"].contains(answer.lowercased()) ? nil : "Answer y or n."
        }
        return answer.isEmpty ? preset : answer.lowercased().hasPrefix("y")
    }

    private func line() throws -> String {
        guard let line = readLine() else {
            Self.restore()
            Terminal.complain("\nNothing was written.")
            throw ExitCode(1)
        }
        return String(line.drop { $0 == " " || $0 == "\t" }.reversed().drop { " \t\r".contains($0) }.reversed())
    }
}
