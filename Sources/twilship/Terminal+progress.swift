import Foundation
import Glibc
import Synchronization
import SystemdSupport

/// How far something is, on stderr: a bar in place on a terminal, else a line now and then.
extension Terminal {
    private struct Shown {
        var isThere = false
        var saidAt: ContinuousClock.Instant?
    }

    private static let shown = Mutex(Shown())
    /// Where progress goes to a file or a pipe, one line in so much time is enough; what takes less time says nothing.
    private static let interval: Duration = .seconds(10)
    private static let barCells = 24

    static func progress(_ progress: WorkProgress) {
        guard isCapable(STDERR_FILENO) else {
            let isDue = shown.withLock { shown in
                let now = ContinuousClock.now
                defer { if shown.saidAt == nil { shown.saidAt = now } }
                guard let saidAt = shown.saidAt, saidAt.duration(to: now) >= interval else { return false }
                shown.saidAt = now
                return true
            }
            if isDue { write(progress.line.terminalSafe + "\n", to: STDERR_FILENO) }
            return
        }
        shown.withLock { $0.isThere = true }
        // A line that wraps could not be taken back.
        let columns = (size(of: STDERR_FILENO)?.columns ?? 80) - 1
        write("\r" + bar(progress, columns: columns) + "\u{1b}[K", to: STDERR_FILENO)
    }

    /// Takes the bar away, before something else is written.
    static func endProgress() {
        let wasThere = shown.withLock { shown in
            defer { shown.isThere = false }
            return shown.isThere
        }
        if wasThere { write("\r\u{1b}[K", to: STDERR_FILENO) }
    }

    /// `[#########...............]  41 %  1204 records …`
    static func bar(_ progress: WorkProgress, columns: Int) -> String {
        let text = progress.text.terminalSafe
        guard let done = progress.done else { return String(text.prefix(columns)) }
        let cells = max(0, min(barCells, columns / 4))
        let full = Int((min(1, max(0, done)) * Double(cells)).rounded(.down))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
        // What is not done is not called done by rounding.
        let percent = String(format: "%3d %%", Int(min(1, max(0, done)) * 100))
        return String("\(bar) \(percent)  \(text)".prefix(columns))
    }
}
