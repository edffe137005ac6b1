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
        /// Twilio answers 404: whether it is gone for good is for discovery to say.
        case gone
        /// What it reads is gone; its place is kept.
        case retired
        case done
    }

    package var state = State.starting
    /// Failures in a row.
    package var failures = 0
    /// The last failure's sentence, kept after recovery.
    package var lastError: String?
    package var lastErrorAt: Timestamp?
    package var lastReadAt: Timestamp?
    /// Everything dated before this has been read; nil until that is known.
    package var completeUpTo: Timestamp?
    /// Since the process started.
    package var requests = 0
    package var recordsRead = 0
    package var taken = 0
    package var late = 0
    /// How often it is polled now; longer than configured when the rate limit has to be shared by many.
    package var pollSeconds: Double?
    /// How sparing `max_reads_per_day` makes it; nil if not at all.
    package var allowance: ReadAllowance.Level?

    package init() {}
}

/// What the search for an account's services and environments, or for its subaccounts, does now.
package struct DiscoveryStatus: Sendable, Equatable, Codable {
    /// How many were there when it last looked.
    package var found = 0
    package var succeededAt: Timestamp?
    /// How long until it looks again.
    package var intervalSeconds: Double?
    /// Failures in a row.
    package var failures = 0
    /// Whether Twilio refuses the credential.
    package var isRefused = false
    package var lastError: String?
    package var lastErrorAt: Timestamp?
}

/// What a sink does now, as `status` shows it.
package struct SinkStatus: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        case idle
        case delivering
        case retrying
        /// Nothing is accepted until somebody sees to it; it is tried now and then.
        case held
    }

    package var state = State.idle
    /// What it stands for that the sink accepts a batch: a `DeliveryGuarantee`.
    package var guarantee: String?
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
        /// By what is searched, as people are told it.
        package var discoveries: [String: DiscoveryStatus] = [:]
    }

    private let contents = Mutex(Contents())
    private let clock: any PipelineClock

    package init(clock: any PipelineClock) {
        self.clock = clock
    }

    package var now: Contents { contents.withLock { $0 } }

    package func update(_ stream: StreamKey, _ change: (inout StreamStatus) -> Void) {
        contents.withLock { contents in
            var status = contents.streams[stream] ?? StreamStatus()
            change(&status)
            contents.streams[stream] = status
        }
    }

    package func update(discovery: String, _ change: (inout DiscoveryStatus) -> Void) {
        contents.withLock { contents in
            var status = contents.discoveries[discovery] ?? DiscoveryStatus()
            change(&status)
            contents.discoveries[discovery] = status
        }
    }

    /// Forgets a stream that is not collected any more.
    package func remove(_ stream: StreamKey) {
        contents.withLock { $0.streams[stream] = nil }
    }

    /// Forgets a search that is not made any more.
    package func remove(discovery: String) {
        contents.withLock { $0.discoveries[discovery] = nil }
    }

    /// Forgets what a sink did until now.
    package func remove(sink: String) {
        contents.withLock { $0.sinks[sink] = nil }
    }

    package func update(sink: String, _ change: (inout SinkStatus) -> Void) {
        contents.withLock { contents in
            var status = contents.sinks[sink] ?? SinkStatus()
            change(&status)
            contents.sinks[sink] = status
        }
    }
}
