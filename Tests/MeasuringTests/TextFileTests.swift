import Foundation
import Glibc
import Testing

@testable import Measuring

@Suite struct TextFileTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = URL.temporaryDirectory.appending(path: "textfile-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test func `everybody may read the file, whatever the umask`() async throws {
        try await withFolder { folder in
            try await TextFile(path: folder + "/a.prom").write("a 1\n")
            var status = stat()
            #expect(stat(folder + "/a.prom", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o644)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.prom"])
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `who reads while it is written sees the old file or the new one, whole`() async throws {
        try await withFolder { folder in
            let path = folder + "/a.prom"
            let file = TextFile(path: path)
            let texts = (0..<2).map { String(repeating: "\($0)", count: 100_000) }
            try await file.write(texts[0])
            let writing = Task {
                var round = 0
                while !Task.isCancelled {
                    round += 1
                    try await file.write(texts[round % 2])
                }
            }
            var seen: Set<Int> = []
            var looks = 0
            while seen.count < 2 || looks < 100 {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                seen.insert(try #require(texts.firstIndex(of: text)))
                looks += 1
                // The writer needs a thread of the pool, too.
                await Task.yield()
            }
            writing.cancel()
            try await writing.value
        }
    }

    @Test func `links are replaced and not followed`() async throws {
        try await withFolder { folder in
            let victim = folder + "/victim"
            try Data("mine".utf8).write(to: URL(fileURLWithPath: victim))
            for name in ["a.prom", ".a.prom.tmp"] {
                #expect(symlink(victim, folder + "/" + name) == 0)
            }
            try await TextFile(path: folder + "/a.prom").write("a 1\n")
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "mine")
            #expect(try String(contentsOfFile: folder + "/a.prom", encoding: .utf8) == "a 1\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.prom", "victim"])
        }
    }

    @Test func `a directory that is missing, and a name that is one, are told and leave nothing behind`() async throws {
        try await withFolder { folder in
            let missing = TextFile(path: folder + "/none/a.prom")
            let error = await #expect(throws: TextFileError.self) { try await missing.write("a 1\n") }
            #expect(error?.description.contains("No such file or directory") == true)
            try FileManager.default.createDirectory(atPath: folder + "/b.prom", withIntermediateDirectories: false)
            await #expect(throws: TextFileError.self) { try await TextFile(path: folder + "/b.prom").write("b 1\n") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["b.prom"])
            // Put right, it is written.
            try FileManager.default.createDirectory(atPath: folder + "/none", withIntermediateDirectories: false)
            try await missing.write("a 2\n")
            #expect(try String(contentsOfFile: folder + "/none/a.prom", encoding: .utf8) == "a 2\n")
        }
    }

    @Test func `when the new file cannot be made, the old one stays`() async throws {
        try await withFolder { folder in
            let path = folder + "/a.prom"
            try await TextFile(path: path).write("a 1\n")
            try FileManager.default.createDirectory(atPath: folder + "/.a.prom.tmp", withIntermediateDirectories: false)
            await #expect(throws: TextFileError.self) { try await TextFile(path: path).write("a 2\n") }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "a 1\n")
        }
    }
}
