import Foundation
import Glibc
import Synchronization

/// A terminal of the kernel's, with the test at the keyboard.
final class PseudoTerminal: Sendable {
    // Their macros are not imported; the values are those of Linux.
    private static let unlock: UInt = 0x4004_5431  // TIOCSPTLCK
    private static let getNumber: UInt = 0x8004_5430  // TIOCGPTN
    private static let getGroup: UInt = 0x540F  // TIOCGPGRP

    private let keyboard: Int32
    private let programs: Int32
    private let shown = Mutex<[UInt8]>([])

    init(columns: UInt16 = 100, rows: UInt16 = 40) throws {
        keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
        var (no, number): (Int32, Int32) = (0, 0)
        guard keyboard >= 0, ioctl(keyboard, Self.unlock, &no) == 0, ioctl(keyboard, Self.getNumber, &number) == 0
        else { throw POSIXError(.ENOTTY) }
        programs = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        guard programs >= 0 else { throw POSIXError(.ENOTTY) }
        resize(columns: columns, rows: rows)
    }

    deinit {
        close(keyboard)
        close(programs)
    }

    /// What a program reads from and writes to.
    var end: FileHandle { FileHandle(fileDescriptor: programs, closeOnDealloc: false) }

    /// Starts the program as a shell would: the terminal is its own, so that Ctrl-C reaches it.
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Program {
        let own = ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 }
        return try Program(
            ["--ctty", "--wait", Program.path] + arguments, environment: own, executable: "/usr/bin/setsid",
            terminal: self)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(keyboard, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(keyboard, bytes, bytes.count)
    }

    /// Signals the program in front.
    func signal(_ number: Int32) {
        var group: Int32 = 0
        guard ioctl(keyboard, Self.getGroup, &group) == 0, group > 0 else { return }
        kill(-group, number)
    }

    /// Everything that was written until now.
    var text: String {
        shown.withLock { shown in
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(keyboard, &bytes, bytes.count), count > 0 { shown += bytes[..<count] }
            return String(decoding: shown, as: UTF8.self)
        }
    }

    /// Whether keys are shown as they are typed, and come a line at a time: what a shell expects to find.
    var isAsBefore: Bool {
        var settings = termios()
        tcgetattr(programs, &settings)
        let flags = tcflag_t(ECHO | ICANON | ISIG)
        return settings.c_lflag & flags == flags
    }

    /// The lines of the newest whole picture of something that is drawn in place, without what a terminal obeys.
    var picture: [String] {
        let home = "\u{1b}[H"
        let pictures = text.components(separatedBy: home).dropFirst().compactMap { part in
            part.range(of: "\u{1b}[J").map { part[..<$0.lowerBound] }
        }
        guard let newest = pictures.last else { return [] }
        return newest.components(separatedBy: "\r\n").map { Self.plain($0) }
    }

    static func plain(_ text: String) -> String { text.replacing(#/\x1b\[[0-9;?]*[A-Za-z]/#, with: "") }
}
