/// A set of sequences, as sorted ranges that neither overlap nor touch.
struct SequenceRanges: Equatable {
    private(set) var ranges: [ClosedRange<Int64>] = []

    mutating func insert(_ range: ClosedRange<Int64>) {
        let low = firstIndex { $0.upperBound >= range.lowerBound - 1 }
        let high = firstIndex { $0.lowerBound > range.upperBound + 1 }
        var union = range
        if low < high {
            union =
                min(range.lowerBound, ranges[low].lowerBound)...max(range.upperBound, ranges[high - 1].upperBound)
        }
        ranges.replaceSubrange(low..<high, with: [union])
    }

    mutating func remove(_ range: ClosedRange<Int64>) {
        let low = firstIndex { $0.upperBound >= range.lowerBound }
        let high = firstIndex { $0.lowerBound > range.upperBound }
        guard low < high else { return }
        var rest: [ClosedRange<Int64>] = []
        if ranges[low].lowerBound < range.lowerBound { rest.append(ranges[low].lowerBound...range.lowerBound - 1) }
        if ranges[high - 1].upperBound > range.upperBound {
            rest.append(range.upperBound + 1...ranges[high - 1].upperBound)
        }
        ranges.replaceSubrange(low..<high, with: rest)
    }

    /// The first part of `range` that holds none of the set; nil if all of it does.
    func firstFree(in range: ClosedRange<Int64>) -> ClosedRange<Int64>? {
        var from = range.lowerBound
        for taken in ranges[firstIndex(where: { $0.upperBound >= from })...] {
            if taken.lowerBound > from { return from...min(range.upperBound, taken.lowerBound - 1) }
            from = taken.upperBound + 1
            if from > range.upperBound { return nil }
        }
        return from...range.upperBound
    }

    /// The end of the range that holds `sequence`; nil if none does.
    func end(of sequence: Int64) -> Int64? {
        let index = firstIndex { $0.upperBound >= sequence }
        return index < ranges.count && ranges[index].contains(sequence) ? ranges[index].upperBound : nil
    }

    /// - Precondition: `isBehind` is false for all ranges before some index and true for those from it on.
    private func firstIndex(where isBehind: (ClosedRange<Int64>) -> Bool) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(ranges[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
