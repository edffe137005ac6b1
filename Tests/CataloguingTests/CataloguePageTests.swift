import Foundation
import Testing

@testable import Cataloguing

@Suite struct CataloguePageTests {
    @Test func `the page EventTypes.md says what the catalogue says`() throws {
        let page = CataloguePage(try CatalogueReader(EventCatalogue.source)).text
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let file = tests.appending(path: "../../Sources/twilship/Documentation.docc/EventTypes.md")
        if ProcessInfo.processInfo.environment["TWILSHIP_WRITE_PAGES"] != nil {
            try Data(page.utf8).write(to: file)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        let lines = zip(written.split(separator: "\n"), page.split(separator: "\n"))
        let difference = lines.first { $0 != $1 }.map { "\($0)\nshould be\n\($1)" } ?? ""
        #expect(
            written == page,
            "EventTypes.md is not what event-types.txt says; TWILSHIP_WRITE_PAGES=1 swift test --filter CataloguingTests writes it. \(difference)"
        )
    }

    @Test func `a row of the page has all there is to say`() throws {
        let page = CataloguePage(try CatalogueReader(EventCatalogue.source)).text
        #expect(
            page.contains(
                "| `account.updated` | notice | critical if status changed | iam / admin, change | Entity Management, Update (300403) | T1531, if raised | "
            ))
        #expect(page.contains("| `*.bulk-delete*` | warning | deletion | delete |"))
        #expect(
            page.contains(
                "| [T1098.001](https://attack.mitre.org/techniques/T1098/001/) | Account Manipulation: Additional Cloud Credentials |"
            ))
    }
}
