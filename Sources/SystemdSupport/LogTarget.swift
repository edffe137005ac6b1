import Glibc
package import Logging

/// Where log lines go.
package enum LogTarget: String, Sendable, CaseIterable {
    /// The journal if it is our standard output or error, else standard error.
    case auto
    case journal
    case stderr
}

/// The form of lines on standard error.
package enum LogFormat: String, Sendable, CaseIterable {
    case text
    case json
}

/// The handler for every logger of the process: `LoggingSystem.bootstrap { _ in makeLogHandler(…) }`.
///
/// If the journal is asked for where none is running, standard error is used instead: libsystemd would drop every line in silence.
package func makeLogHandler(
    target: LogTarget, format: LogFormat, level: SharedLogLevel, environment: [String: String],
    clear: @escaping @Sendable () -> Void = {}
) -> any LogHandler {
    if usesJournal(target, environment) { return JournalLogHandler(level: level) }
    let line = lineForm(format, environment, isTerminal: isatty(STDERR_FILENO) == 1)
    return StderrLogHandler(line, level: level, fileDescriptor: STDERR_FILENO, clear: clear)
}

/// A logger to the journal if that is our standard output or error; nil else.
package func journalLogger(_ environment: [String: String]) -> Logger? {
    guard usesJournal(.auto, environment) else { return nil }
    return Logger(label: "twilship") { _ in JournalLogHandler(level: SharedLogLevel(.info)) }
}

/// - Parameters:
///   - outputs: descriptors of which one may be connected to the journal.
///   - socket: where journald listens for entries in its own protocol.
func usesJournal(
    _ target: LogTarget, _ environment: [String: String], outputs: [CInt] = [STDERR_FILENO, STDOUT_FILENO],
    socket: String = JournalMessage.socket
) -> Bool {
    guard target != .stderr, access(socket, F_OK) == 0 else { return false }
    return target == .journal || outputs.contains { isJournalStream($0, environment) }
}

/// Whether the descriptor is the one that $JOURNAL_STREAM names as `device:inode` (systemd.exec(5)); the variable alone is inherited
/// by children whose output goes elsewhere.
private func isJournalStream(_ fileDescriptor: CInt, _ environment: [String: String]) -> Bool {
    guard let numbers = environment["JOURNAL_STREAM"]?.split(separator: ":"), numbers.count == 2 else { return false }
    var status = stat()
    guard fstat(fileDescriptor, &status) == 0 else { return false }
    return UInt(numbers[0]) == status.st_dev && UInt(numbers[1]) == status.st_ino
}

func lineForm(_ format: LogFormat, _ environment: [String: String], isTerminal: Bool) -> LogLine {
    if format == .json { return .json }
    if isTerminal {
        // https://no-color.org: any value but an empty one.
        let wantsNoColour = environment["NO_COLOR"]?.isEmpty == false || environment["TERM"] == "dumb"
        return wantsNoColour ? .text : .colouredText
    }
    return environment["INVOCATION_ID"] == nil ? .text : .prefixed
}
