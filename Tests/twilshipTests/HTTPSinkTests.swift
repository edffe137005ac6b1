import Foundation
import Simulating
import Testing

/// The real program, from Twilio to a web server.
@Suite(.serialized) struct HTTPSinkTests {
    @Test func `events arrive once and in order at a server that is busy at first, with the new token`() async throws {
        var options = SimulatorOptions()
        options.requestsPerSecond = 0
        options.history = 2_500
        try await Workshop.with(options) { workshop in
            let server = try WebServer(refusing: 1, token: "new")
            defer { server.stop() }
            try workshop.configure()
            let token = workshop.folder + "/token"
            try Self.write("old", to: token)
            try Self.append(
                """

                [[sink]]
                name = "webhook"
                type = "http"
                url = "http://127.0.0.1:\(server.port)/in"
                token = "file:\(token)"
                compression = "none"
                [sink.retry]
                initial = "100ms"
                max = "200ms"

                """, to: workshop.configurationPath)
            let program = try workshop.start(["run", "--once", "--config", workshop.configurationPath])
            try await eventually("the old token is refused") { server.statuses.contains(401) || !program.isRunning }
            try Self.write("new", to: token)
            let outcome = await program.outcome()
            #expect(outcome.code == 0, "\(outcome.complaints)")
            let ids = try server.lines.map { line in
                try #require((JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["id"] as? String)
            }
            let isInOrder = try ids == workshop.deliveredIDs()
            #expect(isInOrder)
            #expect(Set(workshop.truth()).subtracting(ids).isEmpty)
            #expect(ids.count == 2_500)
            #expect(server.statuses.contains(503))
            // What was refused and what was taken in the end are the same batch.
            #expect(server.keys.first?.isEmpty == false)
            #expect(Set(server.keys).count == server.statuses.count { $0 == 200 })
            #expect(!outcome.complaints.contains("Bearer"))
        }
    }

    private static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    private static func append(_ text: String, to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}
