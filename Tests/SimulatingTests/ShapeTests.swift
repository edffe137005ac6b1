import Simulating
import Testing

/// Records that are not as documented.
@Suite struct ShapeTests {
    private static let lists: [(SimulatedDataset, String)] = [
        (.events, "events"), (.alerts, "alerts"), (.logs, "logs"),
    ]

    @Test(arguments: lists, RecordShape.allCases)
    func `a record has the shape that was asked for, and the truth knows it`(
        _ list: (SimulatedDataset, String), _ shape: RecordShape
    ) throws {
        let caller = Caller()
        let sid = caller.twilio.emit(
            1, account: caller.account.sid, dataset: list.0, date: epoch - 1_000, shape: shape, at: epoch)[0]
        let path = list.0 == .events ? "/v1/Events" : list.0 == .alerts ? "/v1/Alerts" : caller.logs()
        let body = caller.answer(path).body
        let truth = try #require(caller.twilio.truth(at: epoch).first)
        #expect(truth.sid == sid)
        #expect((truth.identity == sid) == shape.hasSID)
        #expect(shape.hasSID || truth.identity.hasPrefix("sha256:"))
        #expect(body.firstRange(of: truth.raw) != nil)
        let key = list.0 == .events ? "event_date" : list.0 == .alerts ? "date_generated" : "date_created"
        guard shape != .invalidUTF8 else {
            #expect(String(validating: truth.raw, as: UTF8.self) == nil)
            return
        }
        let record = try JSONValue(truth.raw)
        #expect(record["sid"] == (shape.hasSID ? .string(sid) : [.allNull, .nullSID].contains(shape) ? .null : nil))
        switch shape {
        case .allNull:
            #expect(record.keys.count >= 12)
            #expect(record.keys.allSatisfy { record[$0] == .null })
        case .noDate: #expect(record[key] == nil && record.keys.count >= 11)
        case .nullDate: #expect(record[key] == .null)
        case .badDate: #expect(record[key] == .string("yesterday, 25:61"))
        case .otherDate: #expect(record[key] == .string("2026-11-21T01:59:59.000000+02:00"))
        case .text: #expect(record == .string("no object but \(sid)"))
        case .null: #expect(record == .null)
        case .huge: #expect(truth.raw.count > 1_000_000)
        case .deep: #expect(record["nested"] != nil)
        case .noSID, .nullSID: #expect(record[key] != .null)
        case .invalidUTF8: break
        }
    }

    @Test func `a share of all records is odd, the same for the same seed`() throws {
        func shapes() -> [Bool] {
            let caller = Caller { options in
                options.history = 1_000
                options.odd = [.noSID: 0.1, .null: 0.05, .badDate: 0.1]
            }
            return caller.twilio.truth(dataset: .events, at: epoch).map { $0.identity == $0.sid }
        }
        let once = shapes()
        #expect((100...200).contains(once.count { !$0 }))
        #expect(shapes() == once)
    }

    @Test func `pages of odd records are still JSON`() throws {
        let caller = Caller { options in
            options.history = 300
            options.alerts = 300
            options.environments = 1
            for shape in RecordShape.allCases where ![.huge, .invalidUTF8].contains(shape) { options.odd[shape] = 0.08 }
        }
        let logs = caller.logs() + "?StartDate=2026-11-01&PageSize=1000"
        for (target, key) in [
            ("/v1/Events?PageSize=1000", "events"), ("/v1/Alerts?PageSize=1000", "alerts"), (logs, "logs"),
        ] {
            let records = try caller.all(target, key: key)
            #expect(records.count == 300)
            #expect(records.contains(.null))
            #expect(records.contains { $0.string != nil })
        }
    }
}
