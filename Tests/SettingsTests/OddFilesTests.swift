import Testing

@testable import Settings

struct OddFilesTests {
    @Test func `a NUL byte is refused where it stands`() {
        #expect(faults(in: "[log]\nlevel = \"in\0fo\"\n") == ["2:12: error: a NUL byte; the file is not a text file"])
    }

    @Test func `bytes that are not UTF-8 are refused where they stand`() {
        let bytes = Array("# é\nname = \"".utf8) + [0xC3, 0x28] + Array("\"\n".utf8)
        #expect(faults(in: bytes) == ["2:9: error: bytes that are not UTF-8; save the file with UTF-8 encoding"])
    }

    @Test func `UTF-16 is told by its name`() {
        #expect(faults(in: [0xFF, 0xFE, 0x5B, 0x00]) == ["1:1: error: the file is UTF-16; save it as UTF-8"])
    }

    @Test func `a byte order mark is skipped`() {
        #expect(faults(in: [0xEF, 0xBB, 0xBF] + Array(goodConfiguration.utf8)) == [])
    }

    @Test func `Windows line ends are fine`() {
        #expect(faults(in: goodConfiguration.replacing("\n", with: "\r\n")) == [])
    }

    @Test func `an empty file says what it needs`() {
        let found = faults(in: "")
        #expect(found.count == 2)
        #expect(found.first?.contains("there is no account") == true)
        #expect(found.last?.contains("there is no sink") == true)
    }

    @Test func `a line of a megabyte survives`() {
        let long = String(repeating: "x", count: 1 << 20)
        #expect(faults(in: "# \(long)\n" + goodConfiguration) == [])
        #expect(
            faults(in: "[state]\ndirectory = \"/\(long)\"\n" + goodConfiguration)
                == ["2:13: error: `directory` is longer than 4096 bytes"])
        let name = faults(in: "\(long) = 1\n" + goodConfiguration)
        #expect(name.count == 1)
        #expect(name[0].utf8.count < 400)
    }

    @Test(arguments: ["[", "{a=", "[{a=", "[[1],"])
    func `deep nesting is refused, not fatal`(_ level: String) {
        let found = faults(in: "x = " + String(repeating: level, count: 100_000))
        #expect(found.count == 1)
        #expect(found[0].contains("syntax error"))
    }

    @Test func `a hundred thousand brackets at the top are refused`() {
        let found = faults(in: String(repeating: "[", count: 100_000))
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("1:1: error: syntax error"))
    }

    @Test(arguments: [
        "KEY = 1", "[KEY]", "[[KEY]]", "a = { KEY = 1 }", "a = [{KEY=1}]", "\"\".KEY = 1", "'\"'.KEY = 1",
    ])
    func `a key of many dotted parts is refused, not fatal`(_ form: String) {
        let key = Array(repeating: "a", count: 100_000).joined(separator: ".")
        let found = faults(in: form.replacing("KEY", with: key))
        #expect(found.count == 1)
        #expect(found[0].contains("a key with more than 16 dotted parts"))
    }

    @Test func `dots in texts and comments are no parts of keys`() {
        let dots = String(repeating: "a.", count: 1_000)
        let text = """
            # \(dots)
            [network]
            no_proxy = ["\(dots)", '\(dots)', "\\"\(dots)", 'b']  # ' \(dots)
            ca_file = \"""
            /\(dots)"\(dots)\"""

            """
        #expect(faults(in: text + goodConfiguration) == [])
    }

    @Test func `garbage gives a bounded number of faults`() {
        let keys = (0..<2_000).map { "[k\($0)]\nx = 1\n" }.joined()
        let found = faults(in: keys + goodConfiguration)
        #expect(found.count == FaultList.maximum + 1)
        #expect(found.last?.contains("1500 more faults are not shown") == true)
    }

    @Test func `tables that are not tables are told beside what is missing`() {
        let found = faults(in: "account = \"x\"\nsink = [1]\n")
        #expect(found.contains { $0.hasPrefix("1:11: error: `account` must be tables") })
        #expect(found.contains { $0.hasPrefix("2:9: error: [[sink]] must be a table, not an integer") })
    }
}
