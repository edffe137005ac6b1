/// Decides which scheduled records have a hostile shape, and gives a finished record that shape.
struct OddRecords: Sendable {
    private let shares: [(shape: RecordShape, upTo: Double)]
    private let seed: UInt64

    init(_ shares: [RecordShape: Double], seed: UInt64) {
        var sum = 0.0
        self.shares = RecordShape.allCases.compactMap { shape in
            guard let share = shares[shape], share > 0 else { return nil }
            sum += share
            return (shape, sum)
        }
        self.seed = mixed(seed ^ 0x0DD)
    }

    /// Nil for a record that is as documented.
    func shape(_ number: UInt32, _ tag: SIDs.Tag) -> RecordShape? {
        guard !shares.isEmpty else { return nil }
        let place = unit(mixed(seed ^ tag.packed ^ UInt64(number)))
        return shares.first { place < $0.upTo }?.shape
    }

    /// Changes the record that `page` holds from `begin` on.
    func apply(
        _ shape: RecordShape, dataset: SimulatedDataset, date: Int64, from begin: Int, to page: inout [UInt8]
    ) {
        var record = Array(page[begin...])
        switch shape {
        case .allNull: record = Self.allNull(dataset)
        case .noSID: Self.replace("sid", with: nil, in: &record)
        case .nullSID: Self.replace("sid", with: "null", in: &record)
        case .noDate: for name in Self.dates(dataset) { Self.replace(name, with: nil, in: &record) }
        case .nullDate: for name in Self.dates(dataset) { Self.replace(name, with: "null", in: &record) }
        case .badDate:
            for name in Self.dates(dataset) { Self.replace(name, with: "\"yesterday, 25:61\"", in: &record) }
        case .otherDate:
            let text = Self.withOffset(date)
            for name in Self.dates(dataset) { Self.replace(name, with: "\"\(text)\"", in: &record) }
        case .text:
            let sid = Self.member("sid", in: record).map { record[$0] } ?? []
            record = Array("\"no object but ".utf8) + sid.filter { $0 != UInt8(ascii: "\"") } + [UInt8(ascii: "\"")]
        case .null: record = Array("null".utf8)
        case .invalidUTF8: Self.insertInvalidUTF8(into: &record)
        case .huge: Self.add("\"padding\": \"\(String(repeating: "x", count: Self.paddingBytes))\"", to: &record)
        case .deep:
            Self.add(
                "\"nested\": " + String(repeating: "[", count: Self.depth) + String(repeating: "]", count: Self.depth),
                to: &record)
        }
        page.replaceSubrange(begin..., with: record)
    }

    private static let paddingBytes = 1_024 * 1_024
    private static let depth = 500

    /// Puts an overlong and a cut sequence into a text, so that the JSON stays well formed.
    static func insertInvalidUTF8(into body: inout [UInt8]) {
        for name in ["\"resource_type\": \"", "\"message\": \"", "\"alert_text\": \"", "\"level\": \""] {
            guard let found = body.firstRange(of: Array(name.utf8)) else { continue }
            body.insert(contentsOf: [0xC0, 0xAF, 0xE2, 0x82], at: found.upperBound)
            return
        }
    }

    private static func dates(_ dataset: SimulatedDataset) -> [String] {
        switch dataset {
        case .events: ["event_date"]
        case .logs: ["date_created"]
        case .alerts: ["date_generated", "date_created", "date_updated"]
        }
    }

    private static func allNull(_ dataset: SimulatedDataset) -> [UInt8] {
        let names =
            switch dataset {
            case .events:
                """
                account_sid actor_sid actor_type description event_data event_date event_type links resource_sid \
                resource_type sid source source_ip_address url
                """
            case .logs:
                """
                sid account_sid service_sid environment_sid build_sid deployment_sid function_sid request_sid level \
                message date_created url
                """
            case .alerts:
                """
                sid account_sid service_sid resource_sid log_level error_code more_info alert_text request_method \
                request_url api_version date_created date_generated date_updated url
                """
            }
        let members = names.split(separator: " ").map { "\"\($0)\": null" }
        return Array("{\(members.joined(separator: ", "))}".utf8)
    }

    /// Two hours east, with microseconds.
    private static func withOffset(_ date: Int64) -> String {
        String(TwilioDate.text(date + 7_200_000, fraction: true).dropLast()) + "000+02:00"
    }

    /// Replaces a member whose value is a string or null; nil takes the member out.
    private static func replace(_ name: String, with value: String?, in record: inout [UInt8]) {
        guard let old = member(name, in: record) else { return }
        if let value {
            record.replaceSubrange(old, with: value.utf8)
            return
        }
        let begin = old.lowerBound - "\"\(name)\": ".utf8.count
        // With the comma and space behind it, or with those before the last member.
        if old.upperBound < record.count, record[old.upperBound] == UInt8(ascii: ",") {
            record.removeSubrange(begin..<old.upperBound + 2)
        } else {
            record.removeSubrange(max(0, begin - 2)..<old.upperBound)
        }
    }

    /// Where the value of a member lies that is a string without escapes, or null.
    private static func member(_ name: String, in record: [UInt8]) -> Range<Int>? {
        guard let found = record.firstRange(of: Array("\"\(name)\": ".utf8)) else { return nil }
        let begin = found.upperBound
        guard begin < record.count, record[begin] == UInt8(ascii: "\"") else { return begin..<begin + 4 }
        guard let quote = record[(begin + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        return begin..<quote + 1
    }

    private static func add(_ member: String, to record: inout [UInt8]) {
        record.removeLast()
        record += ", \(member)}".utf8
    }
}
