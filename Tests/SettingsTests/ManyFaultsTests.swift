import Testing

@testable import Settings

struct ManyFaultsTests {
    @Test func `all faults of a file are reported in the order of their lines`() {
        let text = """
            colour = "red"
            [state]
            retain = 72
            max_bytes = "huge"
            [[sink]]
            type = "file"
            mode = "0666"
            facility = "local0"
            [sink.filter]
            accounts = ["nobody"]
            [sink.batch]
            max_records = 0
            [[account]]
            name = "production"
            account_sid = "AC1"
            secret = "hunter2"
            region = "ie1"
            [account.events]
            overlap = "soon"
            page_size = "all"

            """
        let found = faults(in: text)
        #expect(
            found.map { String($0.prefix { $0 != " " }) } == [
                "1:1:", "3:10:", "4:13:", "5:1:", "5:1:", "7:8:", "8:1:", "10:13:", "12:15:", "15:15:", "16:10:",
                "17:10:", "19:11:", "20:13:",
            ])
        #expect(!found.joined().contains("hunter2"))
    }

    @Test func `a fault prints as file, line, column and a sentence`() {
        let fault = Fault(at: SourceLocation(file: "/etc/t.toml", line: 3, column: 8), "is wrong")
        #expect(fault.description == "/etc/t.toml:3:8: error: is wrong")
        #expect(SettingsFaults(faults: [fault, fault]).description == "\(fault)\n\(fault)")
    }
}
