/// Who sleeps until when, earliest first, equals in the order in which they lay down.
struct Sleepers {
    /// A continuation, and the place in the order of those who lay down.
    typealias Key = Int

    private var continuations: [Key: CheckedContinuation<Void, any Error>] = [:]
    /// A binary heap; may hold keys whose sleeper is gone.
    private var heap: [(until: Duration, key: Key)] = []

    mutating func add(_ key: Key, until: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        continuations[key] = continuation
        heap.append((until, key))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func remove(_ key: Key) -> CheckedContinuation<Void, any Error>? {
        continuations.removeValue(forKey: key)
    }

    mutating func removeAll() -> [CheckedContinuation<Void, any Error>] {
        defer { self = Sleepers() }
        return continuations.sorted { $0.key < $1.key }.map(\.value)
    }

    /// When the first one is to be woken; nil when nobody sleeps.
    mutating func earliest() -> Duration? {
        while let first = heap.first {
            if continuations[first.key] != nil { return first.until }
            popFirst()
        }
        return nil
    }

    /// All whose time has come.
    mutating func due(at now: Duration) -> [CheckedContinuation<Void, any Error>] {
        var due: [CheckedContinuation<Void, any Error>] = []
        while let first = heap.first, first.until <= now {
            if let continuation = remove(first.key) { due.append(continuation) }
            popFirst()
        }
        return due
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].until, heap[left].key) < (heap[right].until, heap[right].key)
    }

    private mutating func popFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
