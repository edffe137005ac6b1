import Logging
import Synchronization

/// Values made once by name.
final class HostileCache<Value: Sendable>: Sendable {
    private let values = Mutex<[String: Value]>([:])

    func value(_ name: String, _ make: () -> Value) -> Value {
        values.withLock { values in
            if let value = values[name] { return value }
            let value = make()
            values[name] = value
            return value
        }
    }
}

enum HostileLog {
    static let logger = Logger(label: "hostile") { _ in SwiftLogNoOpLogHandler() }
}
