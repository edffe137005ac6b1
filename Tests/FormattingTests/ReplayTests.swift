import Formatting
import PipelineCore
import Testing

struct ReplayTests {
    @Test(arguments: [RecordFormat.envelope(), .envelope(raw: .string), .envelope(raw: .none)])
    func `a replay says so in its tags, and is otherwise the same`(format: RecordFormat) throws {
        for (replay, record) in zip(try Records.ofAllKinds(isReplay: true), try Records.ofAllKinds()) {
            let line = format.line(replay)
            #expect(try object(line)["tags"] as? [String] == ["replay"])
            #expect(line.replacing(#","tags":["replay"]"#, with: "") == format.line(record))
        }
    }

    @Test func `the tag stands behind the others`() throws {
        let line = RecordFormat.envelope().line(try Records.log(lane: .late, isReplay: true))
        #expect(line.contains(#","tags":["late","replay"],"collector":"#))
    }

    @Test func `tags keep their place in the order of keys`() throws {
        let record = try Records.event(["event_date": "never", "description": "d"], isReplay: true)
        let line = RecordFormat.envelope().line(record)
        #expect(line.contains(#": d","tags":["undated","replay"],"time_error":"never","collector":"#))
        #expect(
            RecordFormat.envelope().line(Records.own(isReplay: true)).contains(#"not read","tags":["replay"],"coll"#))
    }

    @Test func `raw has no tags`() throws {
        let record = try Records.log(isReplay: true)
        #expect(RecordFormat.raw.line(record) == String(decoding: record.raw, as: UTF8.self))
    }
}
