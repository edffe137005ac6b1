import Foundation
import Glibc
import Spooling
import Synchronization

/// System calls that fail when a test says so, or do something before they are made.
final class FaultyCalls: Sendable {
    enum Call: String, CaseIterable, Sendable {
        case open, write, sync, syncFolder, truncate, unlink, allocate, read
    }

    /// What became of a call that is not to happen as usual.
    struct Fault {
        let code: Int32
        /// Of a write: how much of it is written all the same.
        var share = 0.0
    }

    private struct State {
        var decide: @Sendable (Call, _ path: String) -> Fault? = { _, _ in nil }
        var counts: [Call: Int] = [:]
        /// Paths that were synced, in order.
        var synced: [String] = []
    }

    private let state = Mutex(State())

    /// - Parameter decide: asked before each call. The path of a descriptor is what it was opened with.
    func decide(_ decide: @escaping @Sendable (Call, _ path: String) -> Fault?) {
        state.withLock { $0.decide = decide }
    }

    /// Lets the `number`th of these calls from now on fail, and all others succeed.
    func fail(_ call: Call, number: Int = 1, with code: Int32, share: Double = 0) {
        state.withLock { $0.counts = [:] }
        decide { [weak self] asked, _ in
            guard let self, asked == call else { return nil }
            let count = state.withLock { state in
                state.counts[call, default: 0] += 1
                return state.counts[call]
            }
            return count == number ? Fault(code: code, share: share) : nil
        }
    }

    func succeed() { decide { _, _ in nil } }

    var synced: [String] { state.withLock { $0.synced } }

    private func fault(_ call: Call, _ path: String) -> Fault? {
        let decide = state.withLock { $0.decide }
        return decide(call, path)
    }

    private func fails(_ call: Call, _ path: String) -> Bool {
        guard let fault = fault(call, path) else { return false }
        errno = fault.code
        return true
    }

    private static func path(_ descriptor: Int32) -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) ?? ""
    }

    var calls: FileCalls {
        let system = FileCalls.system
        var calls = system
        calls.open = { self.fails(.open, $0) ? -1 : system.open($0, $1) }
        calls.write = { descriptor, bytes, offset in
            guard let fault = self.fault(.write, Self.path(descriptor)) else {
                return system.write(descriptor, bytes, offset)
            }
            let part = UnsafeRawBufferPointer(rebasing: bytes[..<Int(Double(bytes.count) * fault.share)])
            if !part.isEmpty { _ = system.write(descriptor, part, offset) }
            errno = fault.code
            return -1
        }
        calls.read = { self.fails(.read, Self.path($0)) ? -1 : system.read($0, $1, $2) }
        calls.sync = { descriptor in
            let path = Self.path(descriptor)
            self.state.withLock { $0.synced.append(path) }
            return self.fails(.sync, path) ? -1 : system.sync(descriptor)
        }
        calls.syncFolder = { self.fails(.syncFolder, Self.path($0)) ? -1 : system.syncFolder($0) }
        calls.truncate = { self.fails(.truncate, $0) ? -1 : system.truncate($0, $1) }
        calls.unlink = { self.fails(.unlink, $0) ? -1 : system.unlink($0) }
        calls.allocate = { descriptor, bytes in
            self.fault(.allocate, Self.path(descriptor))?.code ?? system.allocate(descriptor, bytes)
        }
        return calls
    }
}
