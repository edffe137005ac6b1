import Foundation
import PipelineCore
import Spooling
import Testing

/// A small file system that fills up, for real: a tmpfs in a mount namespace of its own. The test runs this program
/// again inside, since a process with several threads cannot change its namespace.
@Suite struct FullDiskTests {
    private static let variable = "TWILSHIP_TEST_TMPFS"
    /// Where the tmpfs is; nil outside.
    private static let folder = ProcessInfo.processInfo.environment[variable]

    @discardableResult
    private static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static let canMount: Bool = {
        let mount = "mount -t tmpfs -o size=1m tmpfs /mnt"
        return folder == nil && (try? run("unshare", ["-rm", "sh", "-c", mount])) == 0
    }()

    @Test(.enabled(if: canMount, "needs user and mount namespaces (unshare -rm)"))
    func `a file system that fills up for real loses nothing, and everything goes on when there is room`() throws {
        let folder = NSTemporaryDirectory() + "twilship-tmpfs-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var arguments = [String](CommandLine.arguments.dropFirst())
        // This test and no other.
        if let filter = arguments.firstIndex(of: "--filter") { arguments.removeSubrange(filter...filter + 1) }
        let script = """
            mount -t tmpfs -o size=24m tmpfs "$1" && folder=$1 && shift && export \(Self.variable)="$folder" && exec "$@"
            """
        let status = try Self.run(
            "unshare",
            ["-rm", "sh", "-c", script, "sh", folder, program] + arguments + ["--filter", "FullDiskTests"])
        #expect(status == 0, "the run inside has said why")
    }

    private struct Disk {
        let folder: String
        private var ballast: String { folder + "/ballast" }

        /// Leaves about that many bytes.
        func fill(leaving bytes: Int = 0) throws {
            let size = try #require(free()) - bytes
            try Data(count: max(0, size)).write(to: URL(fileURLWithPath: ballast))
        }

        func clear() throws { try FileManager.default.removeItem(atPath: ballast) }

        func free() -> Int? {
            let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
            return attributes?[.systemFreeSize] as? Int
        }
    }

    @Test(.enabled(if: folder != nil, "runs inside the other test"))
    func `inside`() async throws {
        let disk = Disk(folder: try #require(Self.folder))
        let options = SpoolOptions(
            maximumBytes: 1 << 30, retain: .seconds(3600), segmentBytes: 1 << 20, reserveBytes: 1 << 20)
        try await withSpool(options, in: disk.folder) { open in
            let told = Fixture.told
            var expected: [String] = []
            var window = 0
            func append(_ spool: Spool) async throws {
                let stream = try await spool.testStream()
                let records = (0..<900).map { TestRecord(window * 1000 + $0, at: Int64(window * 1000)) }
                try await spool.append(.test(stream, records, window: window, coverage: .seconds(0, Int64(window + 1))))
                expected += records.map(\.line)
                window += 1
            }
            /// - Returns: whether anything was appended before the disk was full.
            func appendUntilFull(_ spool: Spool) async throws -> SpoolError? {
                for _ in 0..<1000 {
                    do { try await append(spool) } catch let error as SpoolError { return error }
                }
                return nil
            }
            do {
                let spool = try open()
                _ = try await spool.attach([("siem", .oldest)])
                for _ in 0..<24 { try await append(spool) }
                // Filled by somebody else, in the midst of it.
                try disk.fill(leaving: 1 << 20)
                let error = try #require(try await appendUntilFull(spool))
                guard case .full(let fullness) = error, case .disk = fullness.cause else {
                    Issue.record("said as a full disk, not \(error)")
                    return
                }
                #expect(told.take().contains { $0.contains("the room kept back for that is used now") })
                #expect(await spool.lastSequence == Int64(expected.count))
                // Deliveries are read and noted, and room is made of what was delivered.
                let count = Int64(expected.count)
                #expect(try await spool.lines(after: 0) == expected)
                for first in stride(from: Int64(1), through: count - 900, by: 100) {
                    try await spool.settle(Settlement(sink: "siem", sequences: first...first + 99, attempts: 1))
                }
                #expect(try await spool.position(of: "siem") == count - 900)
                #expect(try await spool.lackOfRoom() == nil, "delivered segments were given up")
                try await append(spool)

                // Until nothing at all can be given up.
                try disk.clear()
                try disk.fill(leaving: 0)
                _ = try await appendUntilFull(spool)
                #expect(try await spool.lackOfRoom()?.hasPrefix("the disk of") == true)
                try await spool.close()
            }
            // A start with no room but for what SQLite needs to open its files.
            try disk.clear()
            try disk.fill(leaving: 256 << 10)
            let spool = try open()
            #expect(await spool.lastSequence == Int64(expected.count))
            #expect(try await spool.lackOfRoom()?.hasPrefix("the disk of") == true)
            let waiting = try await spool.position(of: "siem")
            #expect(try await spool.lines(after: waiting) == Array(expected[Int(waiting)...]))
            try disk.clear()
            #expect(try await spool.lackOfRoom() == nil)
            try await append(spool)
            #expect(try await spool.lines(after: waiting) == Array(expected[Int(waiting)...]))
            let free = try #require(disk.free())
            #expect(free > 4 << 20)
        }
    }
}
