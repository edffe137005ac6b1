/// First in, first out, each in constant time on average.
struct Fifo<Element: Equatable & Sendable>: Sendable {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        head += 1
        if head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }

    /// Takes the first one that is equal out of the middle, in linear time.
    mutating func remove(_ element: Element) {
        if let index = elements[head...].firstIndex(of: element) { elements.remove(at: index) }
    }
}
