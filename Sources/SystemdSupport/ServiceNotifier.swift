import CSystemd
import Glibc

/// Tells the service manager how the service is doing (sd_notify(3)). Does nothing where no service manager asked to be told.
package struct ServiceNotifier: Sendable {
    /// The service manager kills the service if ``watchdog()`` was not called for this long; call it at half of that.
    /// Nil if nobody watches.
    package let watchdogInterval: Duration?
    private let isEnabled: Bool
    /// So much time is asked for at once.
    private static let patience: Duration = .seconds(30)

    package init(environment: [String: String]) {
        isEnabled = environment["NOTIFY_SOCKET"]?.isEmpty == false
        watchdogInterval = isEnabled ? watchdogLimit(environment) : nil
    }

    package func ready(status: String? = nil) {
        send(["READY=1"], status)
    }

    /// One line for `systemctl status`.
    package func status(_ text: String) {
        send([], text)
    }

    package func stopping(status: String? = nil) {
        send(["STOPPING=1"], status)
    }

    /// To be followed by ``ready(status:)`` when the reload is done.
    package func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send(["RELOADING=1", "MONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)"], nil)
    }

    package func watchdog() {
        send(["WATCHDOG=1"], nil)
    }

    /// Asks for this much time from now on before starting, reloading or stopping counts as hanging.
    package func extendTimeout(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        send(["EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)"], nil)
    }

    /// Does what may take long while the service starts, and keeps asking for the time it needs.
    package func whileAskingForTime<Result: Sendable>(
        _ sleep: @escaping @Sendable (Duration) async throws -> Void, _ body: () async throws -> Result
    ) async rethrows -> Result {
        let (notifier, isEnabled) = (self, isEnabled)
        let asking = Task {
            while isEnabled, (try? await sleep(Self.patience / 3)) != nil {
                notifier.extendTimeout(by: Self.patience)
            }
        }
        defer { asking.cancel() }
        return try await body()
    }

    private func send(_ assignments: [String], _ status: String?) {
        guard isEnabled else { return }
        // An assignment ends with its line, so a status must not have another one.
        let lines = assignments + (status.map { ["STATUS=\($0.shortened(toBytes: 1024).terminalSafe)"] } ?? [])
        // A service manager that cannot be told is not a reason to stop working.
        _ = sd_notify(0, lines.joined(separator: "\n"))
    }
}

/// $WATCHDOG_USEC counts if $WATCHDOG_PID is missing or names this process (sd_watchdog_enabled(3)).
private func watchdogLimit(_ environment: [String: String]) -> Duration? {
    if let pid = environment["WATCHDOG_PID"], pid_t(pid) != getpid() { return nil }
    guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int($0) }), microseconds > 0 else { return nil }
    return .microseconds(microseconds)
}
