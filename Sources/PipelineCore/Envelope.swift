/// How much a record matters, as syslog numbers it (RFC 5424, table 2): lower is worse. `emergency` is never used.
package enum Severity: UInt8, Sendable, CaseIterable {
    case alert = 1
    case critical, error, warning, notice, info, debug

    /// The word the envelope uses.
    package var name: String {
        switch self {
        case .alert: "alert"
        case .critical: "critical"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }

    package init?(name: some StringProtocol) {
        guard let match = Severity.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }

    /// One or more steps worse, never past `worst`.
    package func raised(by steps: UInt8 = 1, upTo worst: Severity = .alert) -> Severity {
        guard rawValue > worst.rawValue else { return self }
        return Severity(rawValue: max(worst.rawValue, rawValue - min(steps, rawValue))) ?? worst
    }
}

/// Why a record is read now. Within a stream and lane, records leave in (time, id) order.
package enum Lane: UInt8, Sendable, CaseIterable {
    case live
    /// Read for the first time while the stream is more than its overlap behind.
    case catchUp
    /// Found when an instant that had been read was read again.
    case late
    case backfill

    /// The word in the envelope's `tags`; nil for what needs no mark.
    package var tag: String? {
        switch self {
        case .live: nil
        case .catchUp: "catch-up"
        case .late: "late"
        case .backfill: "backfill"
        }
    }
}

/// Finished envelope lines of one stream and lane, in the order in which they are to leave, with what a reader needs
/// to know of each without parsing it.
///
/// `bytes` holds the lines one after the other, each ended by a line feed.
package struct EnvelopeBlock: Sendable {
    /// Where one envelope lies in `bytes`, and its facts.
    package struct Entry: Sendable, Equatable {
        /// The line without its line feed.
        package var line: Range<Int>
        /// The value of `raw` within `bytes`; empty when the line carries none.
        package var raw: Range<Int>
        /// The value of `id` within `bytes`, without quotes.
        package var id: Range<Int>
        /// The value of `type` within `bytes`, without quotes, as it stands in the JSON.
        package var type: Range<Int>
        package var time: Timestamp
        package var severity: Severity
        package var identity: RecordIdentity

        package init(
            line: Range<Int>, raw: Range<Int>, id: Range<Int>, type: Range<Int>, time: Timestamp, severity: Severity,
            identity: RecordIdentity
        ) {
            self.line = line
            self.raw = raw
            self.id = id
            self.type = type
            self.time = time
            self.severity = severity
            self.identity = identity
        }
    }

    package var bytes: [UInt8] = []
    package var entries: [Entry] = []

    package init() {}

    /// Appends one envelope of another block, or what was once one.
    package mutating func append(_ entry: Entry, from source: [UInt8]) {
        let shift = bytes.count - entry.line.lowerBound
        func moved(_ range: Range<Int>) -> Range<Int> {
            range.isEmpty ? 0..<0 : range.lowerBound + shift..<range.upperBound + shift
        }
        bytes.append(contentsOf: source[entry.line])
        bytes.append(UInt8(ascii: "\n"))
        entries.append(
            Entry(
                line: moved(entry.line), raw: moved(entry.raw), id: moved(entry.id), type: moved(entry.type),
                time: entry.time, severity: entry.severity, identity: entry.identity))
    }
}
