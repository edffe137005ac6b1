import Forwarding
import Glibc
import PipelineCore
import Spooling

/// Says how far `run --once` is.
struct OnceProgress {
    /// On a terminal; elsewhere a line is written now and then.
    private static let interval: Duration = .milliseconds(250)
    private static let longInterval: Duration = .seconds(2)

    let assembly: Assembly

    /// Runs until the task is cancelled.
    func run(_ clock: any PipelineClock) async {
        let meter = ProgressMeter(at: clock.monotonicNow)
        let target = clock.wallNow
        var firsts: [StreamKey: Timestamp] = [:]
        let interval = Terminal.isCapable(STDERR_FILENO) ? Self.interval : Self.longInterval
        while (try? await clock.sleep(for: interval)) != nil {
            let board = assembly.board.now
            let waiting = (try? await assembly.spool.backlogs().values.max()) ?? 0
            for (key, status) in board.streams where firsts[key] == nil { firsts[key] = status.completeUpTo }
            Terminal.progress(Self.progress(board, firsts, target, waiting: waiting, meter, at: clock.monotonicNow))
        }
        Terminal.endProgress()
    }

    /// Half is to read the time that was still to be read, half to deliver what was read.
    /// - Parameters:
    ///   - firsts: up to when each stream was complete at first.
    ///   - target: up to when they are read.
    static func progress(
        _ board: StatusBoard.Contents, _ firsts: [StreamKey: Timestamp], _ target: Timestamp, waiting: Int64,
        _ meter: ProgressMeter, at now: ContinuousClock.Instant
    ) -> WorkProgress {
        let shares = board.streams.map { key, status -> Double in
            if status.state == .done { return 1 }
            guard let first = firsts[key], let complete = status.completeUpTo, first < target else { return 0 }
            return min(1, max(0, (complete - first) / (target - first)))
        }
        let read = shares.isEmpty ? 0 : shares.reduce(0, +) / Double(shares.count)
        let taken = board.streams.values.reduce(0) { $0 + $1.taken }
        let all = max(taken, Int(waiting))
        let delivered = all > 0 ? 1 - Double(waiting) / Double(all) : 1
        let done = board.streams.values.count { $0.state == .done }
        return meter.progress(
            done: read * (1 + delivered) / 2, taken, "records collected",
            counts: ["\(waiting) to deliver", "\(done) of \(board.streams.count) streams read"], at: now)
    }
}
