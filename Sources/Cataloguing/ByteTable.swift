/// Finds words by their bytes, without making a String.
struct ByteTable: Sendable {
    /// All words, one behind the other.
    private let bytes: [UInt8]
    /// Where each word begins in `bytes`, and where the last one ends.
    private let places: [Int]
    /// A word's number at the place that its hash says, or behind it; -1 where there is none. A power of two, at most
    /// half full.
    private let slots: [Int]

    /// - Precondition: no word comes twice.
    init(_ words: [String]) {
        var size = 16
        while size < 2 * words.count { size *= 2 }
        var bytes: [UInt8] = []
        var places = [0]
        var slots = [Int](repeating: -1, count: size)
        for (number, word) in words.enumerated() {
            bytes.append(contentsOf: word.utf8)
            places.append(bytes.count)
            var slot = Self.hash(Array(word.utf8).span) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = number
        }
        (self.bytes, self.places, self.slots) = (bytes, places, slots)
    }

    func number(of word: Span<UInt8>) -> Int? {
        var slot = Self.hash(word) & (slots.count - 1)
        while slots[slot] >= 0 {
            let number = slots[slot]
            let range = places[number]..<places[number + 1]
            if range.count == word.count, isWord(word, at: range.lowerBound) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func isWord(_ word: Span<UInt8>, at start: Int) -> Bool {
        for index in word.indices where bytes[start + index] != word[index] { return false }
        return true
    }

    /// Of the length, the first and the last eight bytes: types that are alike differ there.
    private static func hash(_ word: Span<UInt8>) -> Int {
        let count = word.count
        var hash = UInt64(count)
        func mix(_ bytes: Range<Int>) {
            var eight: UInt64 = 0
            for index in bytes { eight = eight << 8 | UInt64(word[index]) }
            hash = (hash ^ eight) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
        }
        mix(0..<min(8, count))
        mix(max(0, count - 8)..<count)
        mix(max(0, count / 2 - 4)..<min(count, count / 2 + 4))
        return Int(truncatingIfNeeded: hash)
    }
}
