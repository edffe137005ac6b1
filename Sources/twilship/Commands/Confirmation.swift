import ArgumentParser
import Glibc
import SystemdSupport

/// Asks before something cannot be undone.
enum Confirmation {
    /// Returns if somebody at the terminal says yes.
    /// - Parameter isGiven: `--yes`: nobody is asked.
    /// - Throws: exit 64 where nobody can be asked, exit 1 if the answer is no; nothing may have been done until then.
    static func ask(_ question: String, isGiven: Bool) throws {
        guard !isGiven else { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            Terminal.complain("twilship: nobody can be asked here; give --yes to do it without. Nothing was changed.")
            throw ExitCode(64)
        }
        Terminal.complain("\(question.terminalSafe) [y/N]")
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            Terminal.complain("nothing was changed")
            throw ExitCode(1)
        }
    }
}
