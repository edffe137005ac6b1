import PipelineCore
import Synchronization

/// A source that does something of the test's own around each call of another one.
struct HookedSource: Source {
    let source: any Source
    var beforeRead: @Sendable (Window) async throws(SourceError) -> Void = { _ in }
    var beforeTime: @Sendable () async -> Void = {}
    var afterRead: @Sendable () -> Void = {}

    var asked: Asked { source.asked }
    var tick: Duration { source.tick }

    func serverTime(_ urgency: Urgency) async throws(SourceError) -> Timestamp {
        await beforeTime()
        return try await source.serverTime(urgency)
    }

    func read(_ window: Window, _ pass: Pass) async throws(SourceError) -> WindowContents {
        try await beforeRead(window)
        let contents = try await source.read(window, pass)
        afterRead()
        return contents
    }
}

/// A value that tasks share.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    var now: Value { value.withLock { $0 } }
    func set(_ new: Value) { value.withLock { $0 = new } }
}
