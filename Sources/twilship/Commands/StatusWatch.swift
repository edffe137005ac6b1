import ArgumentParser
import Glibc
import SystemdSupport

/// The status on a terminal, drawn anew in place until somebody ends it.
struct StatusWatch {
    static let interval: Duration = .seconds(2)

    let asker: StatusAsker
    let all: Bool

    private enum Event: Sendable {
        case screen(Screen.Event)
        case report(Result<StatusReport, StatusTrouble>)
    }

    func run() async throws {
        guard Terminal.isCapable(STDOUT_FILENO) else {
            Terminal.complain(
                "twilship: --watch needs a terminal that can move its cursor; for programs there are --json and --check"
            )
            throw ExitCode(64)
        }
        // What cannot be shown at all is said on the screen that stays.
        var report: StatusReport
        do throws(StatusTrouble) {
            report = try await asker.report()
        } catch {
            Terminal.complain("twilship: \(error.sentence)")
            throw ExitCode(error.exit)
        }
        var trouble: StatusTrouble?
        let screen = Screen()
        var exit: Int32 = 0
        // Asking may take long; keys and signals do not wait for it.
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let asker = asker
        let watcher = Task {
            for await event in screen.events { continuation.yield(.screen(event)) }
        }
        let asking = Task {
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let result: Result<StatusReport, StatusTrouble>
                do throws(StatusTrouble) { result = .success(try await asker.report()) } catch {
                    result = .failure(error)
                }
                continuation.yield(.report(result))
            }
        }
        draw(report, trouble, on: screen)
        loop: for await event in events {
            switch event {
            case .screen(.redraw): break
            case .screen(.end(let code)):
                exit = code
                break loop
            case .report(.success(let next)): (report, trouble) = (next, nil)
            case .report(.failure(let reason)): trouble = reason
            }
            draw(report, trouble, on: screen)
        }
        asking.cancel()
        watcher.cancel()
        screen.close()
        if exit != 0 { throw ExitCode(exit) }
    }

    private func draw(_ report: StatusReport, _ trouble: StatusTrouble?, on screen: Screen) {
        let size = Screen.size
        let hasColour = Terminal.hasColour
        let lines = Self.lines(report, trouble?.sentence, all: all, columns: size.columns, rows: size.rows)
        screen.draw(
            lines.map { line in
                Screen.Line(
                    text: line.text, painted: hasColour ? Terminal.painted(line.text, line.style) : line.text)
            })
    }

    /// The report, as much of it as fits: what matters least is left out first.
    static func lines(
        _ report: StatusReport, _ trouble: String?, all: Bool, columns: Int, rows: Int
    ) -> [StatusReport.Line] {
        let top =
            trouble.map { Terminal.wrapped("not up to date: \($0)", width: columns) + [""] } ?? []
        let room = max(1, rows - top.count)
        var extent = all ? StatusReport.Extent.all : StatusReport.Extent()
        extent.width = columns
        var lines = report.screen(extent)
        if !all {
            let less: [(inout StatusReport.Extent) -> Void] =
                [
                    { $0.hasToday = false }, { $0.gaps = 3 }, { $0.hasUsage = false }, { $0.hasSearches = false },
                    { $0.gaps = 1 }, { $0.accounts = 5 },
                ]
                + stride(from: extent.rows - 1, through: 5, by: -1).map { rows in { $0.rows = rows } }
                + [{ $0.accounts = 0 }, { $0.rows = 3 }]
            for change in less where lines.count > room {
                change(&extent)
                lines = report.screen(extent)
            }
        }
        if lines.count > room {
            let left = lines.count - room + 1
            lines = lines.prefix(room - 1) + [StatusReport.Line(text: "… \(left) more lines", style: .faint)]
        }
        return top.map { StatusReport.Line(text: $0, style: .critical) }
            + lines.map { StatusReport.Line(text: String($0.text.prefix(columns)), style: $0.style) }
    }
}
