import Parsing
import PipelineCore

/// Goes on within one read where a one-second window and its neighbours hold more than one query lists: asks for the
/// second alone, by each way in which a server may read its bounds.
///
/// An answer that was not cut is believed to be all of the second
/// - if its bounds lie outside the second and so hold it however they are read, or
/// - if it has every record that is known of the second, and there is one, or
/// - if earlier answers have shown that the server takes the bound that it relies on as included.
struct DenseSecond {
    let reader: ListReader
    let window: Window
    /// Of one function only.
    var function: String?
    /// What earlier answers have shown.
    private var startIsIncluded = false
    private var endIsIncluded = false

    init(reader: ListReader, window: Window, function: String? = nil) {
        self.reader = reader
        self.window = window
        self.function = function
    }

    /// - Parameter wide: what the window with a second on both sides listed; it was cut.
    /// - Returns: why not all of the second could be had; nil if it was. At most 4 queries are made for it.
    mutating func narrow(
        _ wide: ListReader.Listing, _ known: inout KnownRecords, _ gathering: inout Gathering
    ) async throws(SourceError) -> String? {
        let tick: Duration = .seconds(1)
        let (second, before, after) = (window.from, window.from - tick, window.from + tick)
        learn(from: wide, asked: before, after + tick, known)
        var bounds = [(second, second), (before, after), (before, second), (second, after)]
        // Of dates with fractions, whole seconds as bounds may leave some out.
        if known.haveFractions { bounds = [(before, after)] }
        var cut = wide.cut
        for (from, through) in bounds {
            if let exhausted = gathering.exhausted { return exhausted }
            // As many as one query lists, all of this second: no narrower query shows more.
            if isFull(known) { return cut }
            let listing = try await reader.read(reader.filters(from, through, function), into: &gathering)
            known.add(listing, shape: reader.shape)
            learn(from: listing, asked: from, through, known)
            guard listing.cut == nil else {
                cut = listing.cut
                continue
            }
            let (found, missing) = known.compared(with: listing, in: window, function: function)
            let holdsSecond =
                (from < second || startIsIncluded) && (through > second || endIsIncluded)
            if missing == 0, found > 0 || holdsSecond { return nil }
        }
        return cut
    }

    private func isFull(_ known: KnownRecords) -> Bool {
        known.count(in: window, function: function) >= reader.cap
    }

    private mutating func learn(
        from listing: ListReader.Listing, asked from: Timestamp, _ through: Timestamp, _ known: KnownRecords
    ) {
        guard !known.haveFractions else { return }
        for page in listing.pages {
            for record in page.records {
                if record.time == from { startIsIncluded = true }
                if record.time == through { endIsIncluded = true }
            }
        }
    }
}

extension ListReader {
    /// A query for a range of whole seconds.
    func filters(_ from: Timestamp, _ through: Timestamp, _ function: String? = nil) -> [(name: String, value: String)]
    {
        [("StartDate", from.rfc3339Seconds), ("EndDate", through.rfc3339Seconds)]
            + (function.map { [("FunctionSid", $0)] } ?? [])
    }
}
