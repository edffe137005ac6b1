import Foundation
import Glibc

/// What a terminal can show.
extension Terminal {
    /// How a line or a word is painted where there is colour.
    enum Style {
        case plain
        case bold
        case faint
        case good
        case notable
        case warning
        case critical

        /// Select Graphic Rendition (ECMA-48).
        fileprivate var code: String? {
            switch self {
            case .plain: nil
            case .bold: "1"
            case .faint: "2"
            case .critical: "31"
            case .good: "32"
            case .warning: "33"
            case .notable: "36"
            }
        }
    }

    static func painted(_ text: String, _ style: Style) -> String {
        style.code.map { "\u{1b}[\($0)m\(text)\u{1b}[0m" } ?? text
    }

    /// Whether answers may have colour: on a terminal, and nobody has asked for none (https://no-color.org).
    static var hasColour: Bool {
        ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true && isCapable(STDOUT_FILENO)
    }

    /// Whether a terminal is there that can move its cursor.
    static func isCapable(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// Of the terminal that is there now; nil if there is none, or it does not say.
    static func size(of descriptor: Int32) -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
