/// A secret that may change while the program runs: known by where it is kept, read when it is needed, printed never.
package struct HTTPSecret: Sendable {
    /// Where it is kept, for messages: `credential:siem`.
    package let place: String
    private let current: @Sendable () -> String
    private let refresh: @Sendable () -> Bool

    /// - Parameters:
    ///   - current: the secret as it was last read; asked before each request.
    ///   - refresh: reads it again, and says whether it is another one now.
    package init(
        place: String, current: @escaping @Sendable () -> String, refresh: @escaping @Sendable () -> Bool
    ) {
        self.place = place
        self.current = current
        self.refresh = refresh
    }

    /// The secret itself: for a request and nothing else.
    func reveal() -> String { current() }

    func readAgain() -> Bool { refresh() }
}

extension HTTPSecret: CustomStringConvertible, CustomReflectable {
    package var description: String { place }
    package var customMirror: Mirror { Mirror(self, children: ["place": place]) }
}
