import Logging
import PipelineCore
import Spooling

/// Finds the records that a sink gets next, and cuts them into parcels.
///
/// It remembers what is on its way or settled. Spans whose stream is busy are passed over and found again later.
struct BatchCutter {
    /// How many spans are looked through for one whose stream is not busy.
    private static let mostSpans = 1024
    /// Nearly always, the first few fill a batch or are all there is.
    private static let spansPerQuery = (first: 8, further: 64)

    private let dispatcher: Dispatcher
    /// Everything up to here is settled.
    private var position: Int64 = 0
    /// What beyond is settled or on its way.
    private var taken = SequenceRanges()
    /// Up to here there is nothing to find, live and aside.
    private var searched: (live: Int64, aside: Int64) = (0, 0)

    private var spool: Spool { dispatcher.spool }

    init(_ dispatcher: Dispatcher) {
        self.dispatcher = dispatcher
    }

    /// Takes up where the sink stands; batches that were on their way are made again as they were.
    mutating func prepare(_ queue: inout DeliveryQueue) async throws {
        position = try await spool.position(of: dispatcher.name)
        searched = (position, position)
        for range in try await spool.settledAhead(of: dispatcher.name) { taken.insert(range) }
        guard dispatcher.sink.pinsBatches else { return }
        for cut in try await spool.cuts(of: dispatcher.name)
        where cut.form == dispatcher.options.form && cut.sequences.lowerBound > position
            && taken.firstFree(in: cut.sequences) == cut.sequences
        {
            let spans = try await spool.spans(after: cut.sequences.lowerBound - 1, limit: cut.sequences.count)
                .filter { $0.sequences.lowerBound <= cut.sequences.upperBound }
            guard !spans.isEmpty, !spans.contains(where: \.isDamaged) else { continue }
            let records = try await spool.read(cut.sequences)
            guard records.count == cut.sequences.count else { continue }
            taken.insert(cut.sequences)
            let (wanted, filtered) = sorted(records)
            queue.add(
                wanted, of: cut.sequences, filtered: filtered, streams: Set(spans.map(\.stream)),
                isAside: spans.contains { $0.lane == .backfill }, isPinned: true)
        }
    }

    /// Adds the next parcel that may be sent now. Records that the sink does not want, or that cannot be read, are
    /// settled at once.
    /// - Parameter onlyFull: whether to leave what does not fill a batch.
    /// - Returns: whether there was anything.
    mutating func cut(_ queue: inout DeliveryQueue, isAside: Bool, onlyFull: Bool) async throws -> Bool {
        guard let found = try await find(busy: queue.busyStreams, isAside: isAside) else { return false }
        guard !found.isDamaged else {
            try await settle(
                Settlement(sink: dispatcher.name, sequences: found.sequences, isSetAside: true, attempts: 0), queue)
            dispatcher.logger.error(
                "records in a damaged part of the spool are passed over, and collected again",
                metadata: ["message_id": "\(LogKind.spoolDamaged)", "records": "\(found.sequences.count)"])
            return true
        }
        let records = try await spool.read(
            found.sequences, maximumRecords: dispatcher.options.maximumRecords,
            maximumBytes: dispatcher.options.maximumBytes)
        guard let first = records.first, let last = records.last else { return false }
        let sequences = first.sequence...last.sequence
        let (wanted, filtered) = sorted(records)
        guard !wanted.isEmpty else {
            try await settle(
                Settlement(sink: dispatcher.name, sequences: sequences, filtered: filtered, attempts: 0), queue)
            return true
        }
        let isFull =
            records.count == dispatcher.options.maximumRecords || last.sequence < found.sequences.upperBound
        guard isFull || !onlyFull else { return false }
        taken.insert(sequences)
        let streams = found.spans.filter { $0.sequences.lowerBound <= last.sequence }.map(\.stream)
        queue.add(
            wanted, of: sequences, filtered: filtered, streams: Set(streams), isAside: isAside)
        return true
    }

    /// Records that were cut are to be found again.
    mutating func putBack(_ sequences: ClosedRange<Int64>) {
        taken.remove(sequences)
        searched.live = min(searched.live, sequences.lowerBound - 1)
        searched.aside = min(searched.aside, sequences.lowerBound - 1)
    }

    /// Forgets what lies before everything that is on its way.
    mutating func settled(_ queue: DeliveryQueue) {
        guard let end = taken.end(of: position + 1) else { return }
        let oldest = queue.parcels.map(\.sequences.lowerBound).min() ?? .max
        guard min(end, oldest - 1) > position else { return }
        position = min(end, oldest - 1)
        taken.remove(Int64.min...position)
    }

    // MARK: -

    private struct Found {
        var sequences: ClosedRange<Int64>
        var spans: [FrameSpan]
        var isDamaged: Bool
    }

    private mutating func find(busy: Set<StreamID>, isAside: Bool) async throws -> Found? {
        var from = max(position, isAside ? searched.aside : searched.live)
        var hasPassedOver = false
        var looked = 0
        var limit = Self.spansPerQuery.first
        search: while looked < Self.mostSpans {
            let spans = try await spool.spans(after: from, limit: limit)
            guard let last = spans.last else { return nil }
            looked += spans.count
            for (index, span) in spans.enumerated() {
                if let free = free(span, isAside) {
                    if !busy.contains(span.stream) {
                        let found = extended(free, spans[index...], busy, isAside)
                        let mayGoOn = spans.count == limit && found.spans.count == spans.count - index
                        guard mayGoOn, limit < Self.spansPerQuery.further, isRoom(behind: found) else { return found }
                        limit = Self.spansPerQuery.further
                        continue search
                    }
                    hasPassedOver = true
                }
                if !hasPassedOver {
                    if isAside {
                        searched.aside = span.sequences.upperBound
                    } else {
                        searched.live = span.sequences.upperBound
                    }
                }
            }
            from = last.sequences.upperBound
            limit = Self.spansPerQuery.further
        }
        return nil
    }

    private func isRoom(behind found: Found) -> Bool {
        !found.isDamaged && found.sequences.count < dispatcher.options.maximumRecords
    }

    /// The first part of a span that is to be sent, if it is of the right kind.
    private func free(_ span: FrameSpan, _ isAside: Bool) -> ClosedRange<Int64>? {
        guard (span.lane == .backfill) == isAside, span.sequences.upperBound > position else { return nil }
        return taken.firstFree(in: max(span.sequences.lowerBound, position + 1)...span.sequences.upperBound)
    }

    /// As many of the spans that follow each other as may be sent together and make up a batch.
    private func extended(
        _ free: ClosedRange<Int64>, _ spans: ArraySlice<FrameSpan>, _ busy: Set<StreamID>, _ isAside: Bool
    ) -> Found {
        var found = Found(sequences: free, spans: Array(spans.prefix(1)), isDamaged: spans.first?.isDamaged ?? false)
        guard !found.isDamaged, free.upperBound == spans.first?.sequences.upperBound else { return found }
        for span in spans.dropFirst() {
            guard found.sequences.count < dispatcher.options.maximumRecords, !span.isDamaged,
                !busy.contains(span.stream), let next = self.free(span, isAside),
                next.lowerBound == found.sequences.upperBound + 1
            else { break }
            found.sequences = found.sequences.lowerBound...next.upperBound
            found.spans.append(span)
            if next.upperBound < span.sequences.upperBound { break }
        }
        return found
    }

    private func sorted(_ records: [SpooledRecord]) -> (wanted: [SpooledRecord], filtered: [Int64]) {
        var (wanted, filtered): ([SpooledRecord], [Int64]) = ([], [])
        wanted.reserveCapacity(records.count)
        for record in records {
            if dispatcher.wants(record) { wanted.append(record) } else { filtered.append(record.sequence) }
        }
        return (wanted, filtered)
    }

    private mutating func settle(_ settlement: Settlement, _ queue: DeliveryQueue) async throws {
        try await spool.settle(settlement)
        taken.insert(settlement.sequences)
        settled(queue)
    }
}
