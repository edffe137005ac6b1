/// When something exists: from `from` on, and no more at `until`; milliseconds since 1970.
package struct Life: Sendable, Hashable {
    package var from: Int64
    package var until: Int64

    package init(from: Int64 = .min, until: Int64 = .max) {
        self.from = from
        self.until = until
    }

    package static let always = Life()

    package func contains(_ time: Int64) -> Bool {
        time >= from && time < until
    }

    func intersection(_ other: Life) -> Life {
        Life(from: max(from, other.from), until: min(until, other.until))
    }
}
