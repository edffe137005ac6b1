import Foundation
import Testing

@testable import SystemdSupport

/// Against a real datagram socket in the service manager's place. libsystemd reads the process's environment, so there is one
/// socket for the process, and the tests take turns.
@Suite(.serialized) struct ServiceNotifierTests {
    private let manager: ServiceManager
    private let notifier: ServiceNotifier

    init() throws {
        manager = try ServiceManager()
        notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": ServiceManager.path])
    }

    @Test func `the service manager is told each state`() {
        notifier.ready(status: "collecting 3 accounts")
        #expect(manager.receive() == "READY=1\nSTATUS=collecting 3 accounts")
        notifier.status("idle")
        #expect(manager.receive() == "STATUS=idle")
        notifier.watchdog()
        #expect(manager.receive() == "WATCHDOG=1")
        notifier.extendTimeout(by: .milliseconds(1500))
        #expect(manager.receive() == "EXTEND_TIMEOUT_USEC=1500000")
        notifier.stopping()
        #expect(manager.receive() == "STOPPING=1")
    }

    @Test func `reloading carries the monotonic clock`() throws {
        var before = timespec()
        clock_gettime(CLOCK_MONOTONIC, &before)
        notifier.reloading()
        let lines = try #require(manager.receive()).split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        let microseconds = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
        #expect(microseconds >= before.tv_sec * 1_000_000 + before.tv_nsec / 1000)
    }

    @Test func `a status cannot smuggle in another assignment`() {
        notifier.status("evil\nREADY=1")
        #expect(manager.receive() == "STATUS=evil\\x0aREADY=1")
    }

    @Test func `nothing is sent where nobody asked`() {
        ServiceNotifier(environment: [:]).ready()
        notifier.status("marker")
        #expect(manager.receive() == "STATUS=marker")
    }

    @Test func `the watchdog's limit counts for the process it names`() {
        func interval(_ more: [String: String]) -> Duration? {
            ServiceNotifier(environment: more.merging(["NOTIFY_SOCKET": ServiceManager.path]) { own, _ in own })
                .watchdogInterval
        }
        #expect(interval(["WATCHDOG_USEC": "30000000"]) == .seconds(30))
        #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(30))
        #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "0"]) == nil)
        #expect(interval([:]) == nil)
        #expect(ServiceNotifier(environment: ["WATCHDOG_USEC": "30000000"]).watchdogInterval == nil)
    }
}

/// The receiving end of NOTIFY_SOCKET, which is the same path for the whole process: the environment is set once.
private final class ServiceManager: Sendable {
    static let path = {
        let path = NSTemporaryDirectory() + "notify-\(UUID().uuidString.prefix(8))"
        setenv("NOTIFY_SOCKET", path, 1)
        return path
    }()

    private let descriptor: CInt

    init() throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(Self.path.utf8)
        try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        // A message that never comes is a failure, not a hanging test.
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
        unlink(Self.path)
    }

    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
