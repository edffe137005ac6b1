import Synchronization

/// A value that changes hands: who takes it has it alone, and whoever else holds this holds nothing any more.
package final class Handoff<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    package init(_ value: Value) {
        self.value = Mutex(value)
    }

    /// Nil but for the first call.
    package func take() -> Value? {
        value.withLock { value in
            defer { value = nil }
            return value
        }
    }
}
