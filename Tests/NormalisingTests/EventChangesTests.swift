import Foundation
import Normalising
import PipelineCore
import Testing

@Suite struct `Changes of an event` {
    private func changes(_ eventData: String) throws -> [[String: String]] {
        try normalise(record: #"{"sid":"AE1","event_type":"a.b","event_data":\#(eventData)}"#).changes
    }

    @Test(arguments: [
        #"{"resource_properties":{"a":{"previous":"1","updated":"2"}}}"#, #"{"a":{"previous":"1","updated":"2"}}"#,
        #"{"empty":false,"resource_properties":{"a":{"updated":"2","previous":"1"}},"previous_properties":{}}"#,
        "{ \"resource_properties\" :\n{ \"a\" : { \"previous\" : \"1\" , \"updated\" : \"2\" } } }",
        #"{"a":{"previous":"1","x":[{"updated":"9"}],"updated":"2","updated":"3"}}"#,
    ])
    func `are read from both shapes of event_data`(eventData: String) throws {
        #expect(try changes(eventData) == [["field": "a", "previous": "1", "updated": "2"]])
    }

    @Test func `have strings as values, and none for null`() throws {
        #expect(
            try changes(
                #"{"resource_properties":{"n":{"previous":1.50,"updated":true},"z":{"previous":null,"updated":""},"#
                    + #""o":{"updated":{"a": [1, "é\n"]}},"p":"plain","q":{"other":1},"r":null}}"#)
                == [
                    ["field": "n", "previous": "1.50", "updated": "true"], ["field": "z", "updated": ""],
                    ["field": "o", "updated": #"{"a":[1,"é\n"]}"#], ["field": "p", "updated": "plain"],
                    ["field": "q", "updated": #"{"other":1}"#], ["field": "r"],
                ])
    }

    @Test(arguments: [
        "null", "{}", "[]", "7", #""x""#, #"{"resource_properties":{}}"#, #"{"resource_properties":null}"#,
        #"{"empty":true}"#,
    ])
    func `are left out when there are none`(eventData: String) throws {
        let written = try normalise(record: #"{"sid":"AE1","event_data":\#(eventData)}"#)
        #expect(try written.object["changes"] == nil)
    }

    @Test func `end after a hundred, and the envelope says so`() throws {
        let properties = (0..<250).map { #""f\#($0)":{"previous":null,"updated":"x"}"# }.joined(separator: ",")
        let written = try normalise(record: #"{"sid":"AE1","event_data":{"resource_properties":{\#(properties)}}}"#)
        #expect(try written.changes.count == 100)
        #expect(try written.object["shortened"] as? [String: Int] == ["changes": 150])
    }

    @Test func `have values cut between characters, and the envelope says so`() throws {
        let long = String(repeating: #"\ud83d\ude00"#, count: 1000)
        let written = try normalise(
            record: #"{"sid":"AE1","event_data":{"a":{"previous":"\#(long)","updated":["\#(long)"]}}}"#)
        #expect(try written.changes[0]["previous"] == String(repeating: "😀", count: 341))
        #expect(try written.object["shortened"] as? [String: Int] == ["values": 2])
    }
}
