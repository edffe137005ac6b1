package import Logging
package import PipelineCore
import Synchronization

/// `max_reads_per_day` of one account and API: how many records may be read from Twilio per UTC day, all its streams
/// together. What is not read today is read tomorrow; nothing is lost while Twilio keeps it.
package final class ReadAllowance: Sendable {
    package enum Level: Int, Sendable, Comparable, Codable {
        /// Everything as configured.
        case ample
        /// Used faster than the day passes: looking again is put off.
        case sparing
        /// Nearly used up: polls are stretched too.
        case scarce
        /// Used up: nothing is read until the next day begins.
        case spent

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// From here on polls are stretched.
    static let scarceShare = 0.9
    /// So much may be used before the pace of the day counts.
    static let freeShare = 0.1
    /// How much longer polls wait when reads are scarce.
    static let scarceStretch = 5

    fileprivate struct State {
        var day: Int64
        var used: Int
        var told = Level.ample
    }

    private let limit: Int
    private let state: Mutex<State>
    private let logger: Logger

    /// - Parameter limit: records per UTC day, above zero.
    /// - Parameter used: today so far.
    package init(limit: Int, used: Int, now: Timestamp, logger: Logger) {
        precondition(limit > 0)
        self.limit = limit
        self.logger = logger
        state = Mutex(State(day: now.day, used: used))
    }

    package func add(_ records: Int, at now: Timestamp) {
        state.withLock { state in
            state.turn(to: now.day)
            state.used += records
        }
    }

    /// How sparing to be, and how long until the next day begins.
    package func level(at now: Timestamp) -> (level: Level, untilTomorrow: Duration) {
        let passed = Double(now.milliseconds - now.day * Self.millisecondsPerDay) / Double(Self.millisecondsPerDay)
        let (level, isNew) = state.withLock { state in
            state.turn(to: now.day)
            let share = Double(state.used) / Double(limit)
            let level: Level =
                share >= 1
                ? .spent : share >= Self.scarceShare ? .scarce : share > max(Self.freeShare, passed) ? .sparing : .ample
            defer { state.told = max(state.told, level) }
            return (level, level > state.told)
        }
        if isNew { tell(level) }
        return (level, Timestamp(milliseconds: (now.day + 1) * Self.millisecondsPerDay) - now)
    }

    private func tell(_ level: Level) {
        let metadata: Logger.Metadata = ["message_id": "\(LogKind.allowance)", "max_reads_per_day": "\(limit)"]
        switch level {
        case .ample: break
        case .sparing:
            logger.notice(
                "records are read faster than max_reads_per_day allows; looking again for late ones is put off",
                metadata: metadata)
        case .scarce:
            logger.warning(
                "max_reads_per_day is nearly used up; polls are stretched until the next UTC day", metadata: metadata)
        case .spent:
            logger.error(
                "max_reads_per_day is used up; nothing is read until the next UTC day begins, Twilio keeps what waits",
                metadata: metadata)
        }
    }

    fileprivate static let millisecondsPerDay: Int64 = 86_400_000
}

extension ReadAllowance.State {
    fileprivate mutating func turn(to day: Int64) {
        // A clock that goes back over midnight does not give the day's reads again.
        guard day > self.day else { return }
        self = Self(day: day, used: 0)
    }
}

extension Timestamp {
    /// Days since 1970-01-01, UTC.
    fileprivate var day: Int64 { rounded(downTo: .seconds(86_400)).milliseconds / 86_400_000 }
}
