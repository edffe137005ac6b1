import Parsing
import PipelineCore

/// Every record that the queries of one pass have listed: what an answer to a narrower query is checked against.
struct KnownRecords {
    struct Record {
        let time: Timestamp?
        /// Index into `functions`; nil for a record that names none that can be asked for.
        let function: Int?
    }

    private(set) var records: [RecordIdentity: Record] = [:]
    /// The functions that were seen.
    private(set) var functions: [String] = []
    private var indexes: [String: Int] = [:]

    /// Whether a date has a fraction of a second.
    private(set) var haveFractions = false

    mutating func add(_ listing: ListReader.Listing, shape: PageShape) {
        for page in listing.pages {
            for (index, identity) in page.identities.enumerated() where records[identity] == nil {
                let time = page.records[index].time
                if let time, time.milliseconds % 1000 != 0 { haveFractions = true }
                records[identity] = Record(time: time, function: function(of: page[index], shape))
            }
        }
    }

    private mutating func function(of record: SourceRecord, _ shape: PageShape) -> Int? {
        guard shape.dataset == .serverlessLogs,
            let sid = record.token(LogField.functionSID).flatMap({ JSONString.text($0) }), TwilioSID.isOne(sid, "ZH")
        else { return nil }
        if let index = indexes[sid] { return index }
        functions.append(sid)
        indexes[sid] = functions.count - 1
        return functions.count - 1
    }

    /// How many known records are dated in a window, of one function if one is named.
    func count(in window: Window, function: String? = nil) -> Int {
        let index = function.map { indexes[$0] ?? -1 }
        return records.values.count { record in
            (record.time.map(window.contains) ?? false) && (index == nil || record.function == index)
        }
    }

    /// How many known records of a window name no function that can be asked for; undated ones may be of any window.
    func countWithoutFunction(in window: Window) -> Int {
        records.values.count { $0.function == nil && ($0.time.map(window.contains) ?? true) }
    }

    /// How many known records of a window, and of one function if one is named, an answer has, and how many it lacks.
    func compared(
        with listing: ListReader.Listing, in window: Window, function: String?
    ) -> (found: Int, missing: Int) {
        let listed = Set(listing.pages.flatMap(\.identities))
        let index = function.map { indexes[$0] ?? -1 }
        var result = (found: 0, missing: 0)
        for (identity, record) in records {
            guard let time = record.time, window.contains(time), index == nil || record.function == index else {
                continue
            }
            if listed.contains(identity) { result.found += 1 } else { result.missing += 1 }
        }
        return result
    }
}

/// Twilio's names for things: two letters and 32 hexadecimal digits.
enum TwilioSID {
    static func isOne(_ text: String, _ prefix: String) -> Bool {
        text.utf8.count == 34 && text.hasPrefix(prefix)
            && text.utf8.dropFirst(2).allSatisfy { UInt8(ascii: "0")...57 ~= $0 || 97...102 ~= $0 || 65...70 ~= $0 }
    }
}
