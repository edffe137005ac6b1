import PipelineCore
import Testing

@testable import Sinks

struct PathTemplateTests {
    @Test(arguments: [
        ("production", "production"), ("a.b-C_9", "a.b-C_9"), ("../../etc", "_._.._etc-"), ("..", "_.-"), (".", "_-"),
        ("", "_-"), (".hidden", "_hidden-"), ("Zoë", "Zo__-"), ("a/b", "a_b-"), ("a\0b", "a_b-"), ("a b\n", "a_b_-"),
        (String(repeating: "x", count: 300), String(repeating: "x", count: 55) + "-"),
    ])
    func `a value can only be part of a file name`(value: String, beginning: String) throws {
        let safe = PathTemplate.safe(value)
        #expect(safe.hasPrefix(beginning))
        #expect(safe.utf8.count == (beginning == value ? value.utf8.count : beginning.utf8.count + 8))
        #expect(safe.utf8.count <= 64)
        #expect(safe.wholeMatch(of: /[A-Za-z0-9_-][A-Za-z0-9_.-]*/) != nil)
    }

    @Test func `values that differ stay different`() {
        let values = ["a/b", "a_b", "a\\b", "a b", "", ".", "..", "_", String(repeating: "x", count: 300)]
        #expect(Set(values.map(PathTemplate.safe)).count == values.count)
    }

    @Test func `placeholders take account, dataset and the UTC day`() throws {
        let template = try PathTemplate("/var/log/{account}/{account_sid}-{dataset}.{date}.jsonl")
        let origin = SpooledRecord.Origin(account: "eu/1", accountSID: "AC1", dataset: .monitorEvents, lane: .late)
        let path = template.path(for: origin, at: Timestamp(milliseconds: 1_412_380_799_999))
        #expect(path == "/var/log/\(PathTemplate.safe("eu/1"))/AC1-monitor.events.2014-10-03.jsonl")
        #expect(template.path(for: origin, at: Timestamp(milliseconds: 1_412_380_800_000)).contains("2014-10-04"))
        #expect(template.series(for: origin).hasSuffix("AC1-monitor.events.{date}.jsonl"))
        #expect(template.isDated)
    }

    @Test(arguments: [
        "relative.jsonl", "/var/log/", "/a/{acount}.jsonl", "/a/{account.jsonl", "/a/account}.jsonl", "/a/../b",
        "/a/\nb",
        "/" + String(repeating: "a", count: 1100), "",
    ])
    func `a path that cannot be meant is refused`(text: String) {
        #expect(throws: PathTemplate.Fault.self) { try PathTemplate(text) }
    }
}
