package import PipelineCore
import Synchronization

/// What a stream does now, as `status` shows it.
package struct StreamStatus: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        case starting
        case waiting
        case reading
        case catchingUp = "catching_up"
        case waitingForRoom = "waiting_for_room"
        case failing
        case authFailed = "auth_failed"
        case done
    }

    package var state = State.starting
    /// Failures in a row.
    package var failures = 0
    /// The last failure's sentence, kept after recovery.
    package var lastError: String?
    package var lastErrorAt: Timestamp?
    package var lastReadAt: Timestamp?
    /// Since the process started.
    package var requests = 0
    package var recordsRead = 0
    package var taken = 0
    package var late = 0

    package init() {}
}

/// What a sink does now, as `status` shows it.
package struct SinkStatus: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        case idle
        case delivering
        case retrying
    }

    package var state = State.idle
    /// How often the batch at hand was tried without success.
    package var attempts = 0
    /// Since the process started.
    package var retries = 0
    package var lastError: String?
    package var lastErrorAt: Timestamp?
}

/// Where streams and sinks post what they do; whoever shows it to people reads it here.
package final class StatusBoard: Sendable {
    package struct Contents: Sendable, Equatable {
        package var streams: [StreamKey: StreamStatus] = [:]
        package var sinks: [String: SinkStatus] = [:]
    }

    private let contents = Mutex(Contents())
    private let clock: any PipelineClock

    package init(clock: any PipelineClock) {
        self.clock = clock
    }

    package var now: Contents { contents.withLock { $0 } }

    package func update(_ stream: StreamKey, _ change: (inout StreamStatus) -> Void) {
        let time = clock.wallNow
        contents.withLock { contents in
            var status = contents.streams[stream] ?? StreamStatus()
            let before = status.lastError
            change(&status)
            if status.lastError != before || status.state == .failing || status.state == .authFailed {
                status.lastErrorAt = time
            }
            contents.streams[stream] = status
        }
    }

    package func update(sink: String, _ change: (inout SinkStatus) -> Void) {
        contents.withLock { contents in
            var status = contents.sinks[sink] ?? SinkStatus()
            change(&status)
            contents.sinks[sink] = status
        }
    }
}
