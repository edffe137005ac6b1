import Parsing
import PipelineCore
import Testing

@Suite struct `Reading a page of alerts` {
    @Test(
        arguments: [
            (#""date_generated":"2020-06-20T20:50:24Z","date_created":"2021-01-01T00:00:00Z""#, "2020-06-20T20:50:24Z"),
            (#""date_created":"2021-01-01T00:00:00Z","date_generated":"2020-06-20T20:50:24Z""#, "2020-06-20T20:50:24Z"),
            (#""date_generated":"Tue, 09 Feb 2010 01:23:53 +0000""#, "2010-02-09T01:23:53Z"),
            (#""date_generated":null,"date_created":"Tue, 09 Feb 2010 01:23:53 GMT""#, "2010-02-09T01:23:53Z"),
            (#""date_generated":7,"date_created":"2021-01-01T00:00:00.25+01:00""#, "2020-12-31T23:00:00.25Z"),
            (#""date_generated":"soon","date_created":"2021-01-01T00:00:00Z""#, "2021-01-01T00:00:00Z"),
            (#""date_created":"2021-01-01T00:00:00Z""#, "2021-01-01T00:00:00Z"),
            (#""date_generated":null,"date_created":null,"date_updated":"2021-01-01T00:00:00Z""#, nil),
            (#""date_generated":[],"date_created":{}"#, nil), (#""x":1"#, nil),
        ] as [(String, String?)])
    func `an alert's time is when it was generated, else when it was created`(dates: String, time: String?) throws {
        let page = try alerts(#"{"sid":"NO0000000000000000000000000000000a",\#(dates)}"#)
        #expect(page.records[0].time == time.flatMap { Timestamp(rfc3339: $0.utf8) })
        #expect(page.records[0].identity == RecordIdentity(high: 0, low: 10))
        #expect(page.records[0].flaws == [])
    }

    @Test func `fields are given in the order of their list`() throws {
        let members = AlertField.allCases.map { #""\#($0.key)":"\#($0.rawValue)""# }
        let page = try alerts("{" + members.reversed().joined(separator: ",") + "}")
        for field in AlertField.allCases {
            #expect(page[0].token(field).map { String(decoding: $0, as: UTF8.self) } == "\"\(field.rawValue)\"")
        }
    }

    private func alerts(_ record: String) throws -> Page {
        try parse(#"{"alerts":[\#(record)],"meta":{"next_page_url":null}}"#, as: .alerts)
    }
}

@Suite struct `Equal records without a SID` {
    @Test func `are numbered, and records with one are not`() throws {
        let page = try parse(
            events(#"{"a":1},{"sid":"AE1"},{"a":1},7,{"a":2},{"sid":"AE1"},{"a":1},7,{"sid":null},{"sid":null}"#))
        var occurrences = Occurrences()
        #expect(page.records.map { occurrences.number(of: $0) } == [1, 1, 2, 1, 1, 1, 3, 2, 1, 2])
    }

    @Test func `have the same identities in any order`() throws {
        let records = [#"{"a":1}"#, #"{"a":2}"#, "7", #"{"a":1}"#, #"{"sid":"AE1"}"#, #"{"a":1}"#, #"{"sid":"AE1"}"#]
        let expected = try identities(records)
        #expect(expected.count == 6)
        var random = SeededRandom(seed: 23)
        for _ in 0..<200 {
            #expect(try identities(records.shuffled(using: &random)) == expected)
        }
        // More of them add identities and change none.
        #expect(try identities(records + [#"{"a":1}"#, "7"]).isStrictSuperset(of: expected))
    }

    @Test func `keep the plain identity for the first, and have one of their own each`() {
        let identity = RecordIdentity(high: 1, low: 2)
        #expect(identity.occurrence(1) == identity)
        #expect(Set((1...1000).map { identity.occurrence($0) }).count == 1000)
        #expect(identity.occurrence(2) != RecordIdentity(high: 1, low: 3).occurrence(2))
        // SHA-256 of 00…01 00…02 00…02, stable for ever: it is in people's state.
        #expect(identity.occurrence(2) == RecordIdentity(high: 0x54675f62135f67db, low: 0xbccb704dddc99573))
    }

    private func identities(_ records: [String]) throws -> Set<RecordIdentity> {
        var occurrences = Occurrences()
        return Set(
            try parse(events(records.joined(separator: ","))).records.map { slot in
                slot.identity.occurrence(occurrences.number(of: slot))
            })
    }
}
