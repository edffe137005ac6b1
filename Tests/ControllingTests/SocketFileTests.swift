import Foundation
import Glibc
import Sockets
import Synchronization
import Testing

@testable import Controlling

struct SocketFileTests {
    private func server(
        _ path: String, group: String? = nil, notice: @escaping @Sendable (String) -> Void = { _ in }
    ) -> ControlServer {
        ControlServer(path: path, group: group, notice: notice) { _, _, _ in .success }
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// A socket that nobody listens at any more.
    private func leaveStale(_ path: String) throws {
        let socket = try StreamSocket.unbound()
        let descriptor = socket.descriptor
        let code = try UnixPath(path).withAddress { bind(descriptor, $0, $1) }
        #expect(code == 0)
    }

    @Test(.timeLimit(.minutes(10)))
    func `owner and group may use the socket, and nobody else`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            let name = try #require(getgrgid(getegid()).map { String(cString: $0.pointee.gr_name) })
            try await withRunning(server(path, group: name)) {
                #expect(status(path)?.st_mode == S_IFSOCK | 0o660)
                #expect(status(path)?.st_gid == getegid())
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `without the group only the owner may use it, which is said`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            let notices = Mutex<[String]>([])
            let server = server(path, group: "no-such-group") { text in notices.withLock { $0.append(text) } }
            try await withRunning(server) {
                #expect(status(path)?.st_mode == S_IFSOCK | 0o600)
            }
            #expect(
                notices.withLock { $0 } == [
                    "there is no group no-such-group: only the service's user and root can use \(path)"
                ])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `the socket of a service that is gone is replaced`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            try leaveStale(path)
            let end = try await withRunning(server(path)) { try await ask(path, ControlRequest("a")).end }
            #expect(end == .success)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `the socket of a service that lives is left alone`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            let end = try await withRunning(server(path)) {
                await #expect(throws: ControlServerError.alreadyServed(path: path)) {
                    try await server(path).run()
                }
                return try await ask(path, ControlRequest("a")).end
            }
            #expect(end == .success)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `what is no socket is not touched, links neither`() async throws {
        try await withFolder { folder in
            try Data("mine".utf8).write(to: URL(filePath: folder + "/file"))
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "target")
            try leaveStale(folder + "/stale")
            try FileManager.default.createSymbolicLink(atPath: folder + "/alias", withDestinationPath: "stale")
            for name in ["file", "link", "alias"] {
                let path = "\(folder)/\(name)"
                await #expect(throws: ControlServerError.notASocket(path: path)) { try await server(path).run() }
                #expect(status(path) != nil)
            }
            #expect(status(folder + "/target") == nil)
            #expect(status(folder + "/stale") != nil)
            let kept = try String(contentsOfFile: folder + "/file", encoding: .utf8)
            #expect(kept == "mine")
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a socket that somebody else put there meanwhile is not removed`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            try await withRunning(server(path)) {
                #expect(unlink(path) == 0)
                try Data().write(to: URL(filePath: path))
            }
            #expect(status(path)?.st_mode ?? 0 & S_IFMT != 0)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a path that is too long for an address works on both sides`() async throws {
        try await withFolder { folder in
            let deep = folder + "/" + Array(repeating: "directory", count: 20).joined(separator: "/")
            try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
            let path = deep + "/control"
            #expect(path.utf8.count > UnixPath.maximumAddressBytes)
            let end = try await withRunning(server(path)) {
                #expect(status(path)?.st_mode == S_IFSOCK | 0o600)
                await #expect(throws: ControlServerError.alreadyServed(path: path)) { try await server(path).run() }
                return try await ask(path, ControlRequest("a")).end
            }
            #expect(end == .success)
            #expect(status(path) == nil)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["none/control", String(repeating: "n", count: 120), "a/..", ""])
    func `a place that cannot be is an error that names it`(_ name: String) async throws {
        try await withFolder { folder in
            let path = "\(folder)/\(name)"
            let error = await #expect(throws: ControlServerError.self) { try await server(path).run() }
            #expect(error?.description.contains("the control socket \(path) cannot be opened: ") == true)
        }
    }

    @Test func `the socket's group is found by its name`() {
        #expect(GroupNumber.named("root") == 0)
        #expect(GroupNumber.named("no-such-group") == nil)
    }
}
