import Parsing
import PipelineCore

/// Goes on within one read where a one-second window of logs holds more than one query lists: divides it by time, then
/// by function, and says what could not be had.
///
/// 1. **By time**, if dates have fractions: the second, then its halves down to a millisecond, each asked with a
///    millisecond more at both ends (bounds may be exclusive). Halves are believed only if the server is seen to honour
///    fractions: no answer has a record outside of what was asked, every known record of the part is in its answer, and
///    fractional bounds have brought records.
/// 2. **By function**, for the whole second if time does not divide it, else for the milliseconds that are still too
///    full: the service's functions and those seen in what was listed, each with a query of its own.
/// 3. **By difference**: a record that names no function can only be listed together with the others; if one was seen
///    where the listing was cut, there may be more. That, and a function that fills a query on its own, is a gap.
///
/// What cannot be known is a function that was deleted and whose every record was cut from the listings.
///
/// Requests for n records in the second, with a cap of C, pages of P, F functions, and L = C/P + 1 requests for a
/// listing that is cut: a record lies in at most 3 parts of one size, so at most 3n/C parts of each of 11 sizes are cut,
/// each of which costs L and two more queries. By time that makes at most L × (2 + 66 n/C), by function in the last
/// milliseconds L × F × 3n/C, and where time does not divide at most L × 5 × (F + 1), with the pages of /Functions on
/// top. Whatever n is, `Gathering` ends it after 1,600 answers or 256 MiB, and then the rest is a gap.
struct PileUp {
    private static let second: Duration = .seconds(1)
    private static let shortest: Duration = .milliseconds(1)

    private let reader: ListReader
    private let functions: FunctionDirectory
    private let window: Window
    private var known = KnownRecords()
    private var reasons: [String] = []

    init(reader: ListReader, functions: FunctionDirectory, window: Window) {
        self.reader = reader
        self.functions = functions
        self.window = window
    }

    /// - Parameter wide: what the window with a second on both sides listed; it was cut.
    /// - Returns: why the server does not list all of the window; nil if all of it was gathered.
    mutating func resolve(
        _ wide: ListReader.Listing, _ gathering: inout Gathering
    ) async throws(SourceError) -> String? {
        known.add(wide, shape: reader.shape)
        if let parts = try await divideByTime(&gathering) {
            for part in parts { try await divideByFunction(part, &gathering) }
        } else {
            var dense = DenseSecond(reader: reader, window: window)
            let cut = try await dense.narrow(wide, &known, &gathering)
            if cut != nil { try await divideByFunction(window, &gathering) }
        }
        if let exhausted = gathering.exhausted { reasons.insert(exhausted, at: 0) }
        guard !reasons.isEmpty else { return nil }
        return "there are more log lines in this second than Twilio lists for one query; "
            + "\(known.count(in: window)) of it were listed and are kept (\(reasons.joined(separator: "; ")))"
    }

    // MARK: - By time

    /// - Returns: the milliseconds that are still too full; nil if time does not divide the second.
    private mutating func divideByTime(_ gathering: inout Gathering) async throws(SourceError) -> [Window]? {
        guard known.haveFractions else { return nil }
        var full: [Window] = []
        var parts = [window]
        var proof = FractionProof()
        while let part = parts.popLast() {
            let listing = try await list(part, function: nil, &gathering)
            guard holdsNothingElse(listing, part) else { return nil }
            let (found, missing) = known.compared(with: listing, in: part, function: nil)
            proof.note(part, within: window, hasRecords: found > 0)
            if listing.cut == nil {
                guard missing == 0 else { return nil }
            } else if gathering.exhausted != nil {
                return full
            } else if part.length <= Self.shortest {
                full.append(part)
            } else {
                let middle = part.from + .milliseconds(part.length.wholeMilliseconds / 2)
                parts.append(Window(from: part.from, to: middle))
                parts.append(Window(from: middle, to: part.to))
            }
        }
        return proof.isGiven ? full : nil
    }

    /// Asks for a part of the second, with a millisecond more at both ends.
    private mutating func list(
        _ part: Window, function: String?, _ gathering: inout Gathering
    ) async throws(SourceError) -> ListReader.Listing {
        let listing = try await reader.read(
            [("StartDate", (part.from - Self.shortest).rfc3339), ("EndDate", part.to.rfc3339)]
                + (function.map { [("FunctionSid", $0)] } ?? []), into: &gathering)
        known.add(listing, shape: reader.shape)
        return listing
    }

    /// Whether no record is dated more than a millisecond outside the part.
    private func holdsNothingElse(_ listing: ListReader.Listing, _ part: Window) -> Bool {
        listing.pages.allSatisfy { page in
            page.records.allSatisfy { record in
                record.time.map { part.from - Self.shortest <= $0 && $0 <= part.to } ?? true
            }
        }
    }

    // MARK: - By function

    private mutating func divideByFunction(
        _ part: Window, _ gathering: inout Gathering
    ) async throws(SourceError) {
        var sids = Set(known.functions)
        do throws(SourceError) {
            sids.formUnion(try await functions.sids(gathering.pass.urgency))
        } catch {
            switch error {
            case .unavailable, .cancelled, .noRoom: throw error
            default: note("the service's functions cannot be listed, so only those seen were asked for: \(error)")
            }
        }
        for sid in sids.sorted() {
            guard gathering.exhausted == nil else { return }
            if part == window {
                try await listSecond(of: sid, &gathering)
            } else {
                check(try await list(part, function: sid, &gathering), in: part, of: sid)
            }
        }
        let others = known.countWithoutFunction(in: part)
        if others > 0 { note("\(others) of them name no function, and more of that kind cannot be asked for") }
    }

    private mutating func listSecond(of sid: String, _ gathering: inout Gathering) async throws(SourceError) {
        let wide = try await reader.read(
            reader.filters(window.from - Self.second, window.to + Self.second, sid), into: &gathering)
        known.add(wide, shape: reader.shape)
        guard wide.cut != nil else { return check(wide, in: window, of: sid) }
        var dense = DenseSecond(reader: reader, window: window, function: sid)
        if let cut = try await dense.narrow(wide, &known, &gathering) { noteFull(sid, window, cut) }
    }

    private mutating func check(_ listing: ListReader.Listing, in part: Window, of sid: String) {
        if let cut = listing.cut {
            noteFull(sid, part, cut)
        } else if known.compared(with: listing, in: part, function: sid).missing > 0 {
            note("the answer for function \(sid) lacks lines of it that were listed before")
        }
    }

    private mutating func noteFull(_ sid: String, _ part: Window, _ cut: String) {
        let time = part == window ? "this second" : part.from.rfc3339
        let count = known.count(in: part, function: sid)
        note("function \(sid) alone has more in \(time), of which \(count) were listed: \(cut)")
    }

    /// A few reasons tell as much as a thousand.
    private mutating func note(_ reason: String) {
        if reasons.count < 5, !reasons.contains(reason) { reasons.append(reason) }
    }
}

/// Whether fractional bounds, as far as any were relied on, were seen to bring the records between them.
private struct FractionProof {
    private var start: Bool?
    private var end: Bool?

    mutating func note(_ part: Window, within window: Window, hasRecords: Bool) {
        if part.from > window.from { start = start == true || hasRecords }
        if part.to < window.to { end = end == true || hasRecords }
    }

    var isGiven: Bool { start != false && end != false }
}
