import Glibc
import Synchronization
import Testing

@testable import Controlling

struct ControlTests {
    @Test(.timeLimit(.minutes(10)))
    func `lines arrive in order, and then the end`() async throws {
        try await withServer { request, _, answer in
            for number in 0..<1_000 { try? await answer.line("\(request.command) \(number)") }
            return ControlEnd(exit: 1, error: "not complete")
        } _: { path in
            let (lines, end) = try await ask(path, ControlRequest("audit"))
            #expect(lines == (0..<1_000).map { "audit \($0)" })
            #expect(end == ControlEnd(exit: 1, error: "not complete"))
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `arguments of every kind and odd texts survive the way`() async throws {
        let request = ControlRequest(
            "tail",
            arguments: [
                "text": .string("a\n\"b\"\u{0}ü\u{202E}"), "count": .integer(-7), "big": .integer(.max),
                "rate": .number(0.5), "json": .boolean(true), "off": .boolean(false), "types": .strings(["a", "b"]),
                "none": .strings([]),
            ])
        let seen = Mutex<ControlRequest?>(nil)
        try await withServer { request, _, answer in
            seen.withLock { $0 = request }
            try? await answer.line(request.arguments["text"]?.string ?? "")
            return .success
        } _: { path in
            let (lines, end) = try await ask(path, request)
            #expect(lines == ["a\n\"b\"\u{0}ü\u{202E}"])
            #expect(end == .success)
        }
        #expect(seen.withLock { $0 } == request)
    }

    @Test(.timeLimit(.minutes(10)))
    func `the service knows who asks`() async throws {
        try await withServer { _, peer, answer in
            try? await answer.line("\(peer.uid) \(peer.gid) \(peer.pid)")
            return .success
        } _: { path in
            let lines = try await ask(path, ControlRequest("whoami")).lines
            #expect(lines == ["\(getuid()) \(getgid()) \(getpid())"])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `several commands run beside each other`() async throws {
        let arrived = Signal()
        try await withServer { request, _, _ in
            if request.command == "waiting" {
                arrived.fire()
                await forever()
            }
            return .success
        } _: { path in
            let waiting = Task { try await ask(path, ControlRequest("waiting")) }
            await arrived.wait()
            let end = try await ask(path, ControlRequest("quick")).end
            #expect(end == .success)
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a command that is cancelled is cancelled in the service`() async throws {
        let (arrived, cancelled) = (Signal(), Signal())
        try await withServer { _, _, _ in
            arrived.fire()
            await forever()
            if Task.isCancelled { cancelled.fire() }
            return .success
        } _: { path in
            let asking = Task { try await ask(path, ControlRequest("backfill")) }
            await arrived.wait()
            asking.cancel()
            await cancelled.wait()
            await #expect(throws: CancellationError.self) { try await asking.value }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `an error where the lines go ends the command in the service`() async throws {
        struct Full: Error {}
        let ended = Signal()
        try await withServer { _, _, answer in
            while (try? await answer.line("x")) != nil {}
            ended.fire()
            return .success
        } _: { path in
            await #expect(throws: Full.self) {
                try await ControlClient(path: path).send(ControlRequest("tail")) { _ in throw Full() }
            }
            await ended.wait()
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a service that stops ends its commands, says how they ended, and takes its socket along`() async throws {
        try await withFolder { folder in
            let path = folder + "/control"
            let arrived = Signal()
            let server = ControlServer(path: path, group: nil, notice: { _ in }) { _, _, _ in
                arrived.fire()
                await forever()
                return ControlEnd(exit: 75, error: "the service is stopping")
            }
            let asking = try await withRunning(server) {
                let asking = Task { try await ask(path, ControlRequest("audit")) }
                await arrived.wait()
                return asking
            }
            let end = try await asking.value.end
            #expect(end == ControlEnd(exit: 75, error: "the service is stopping"))
            #expect(access(path, F_OK) == -1)
            await #expect(throws: ControlClientError.noService(path: path)) {
                try await ask(path, ControlRequest("audit"))
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `lines that several tasks write do not mix`() async throws {
        try await withServer { _, _, answer in
            await withTaskGroup { tasks in
                for letter in "abcd" {
                    tasks.addTask {
                        for _ in 0..<20 { try? await answer.line(String(repeating: letter, count: 100_000)) }
                    }
                }
            }
            return .success
        } _: { path in
            let lines = try await ask(path, ControlRequest("tail")).lines
            #expect(lines.count == 80)
            #expect(lines.allSatisfy { $0.utf8.count == 100_000 && Set($0).count == 1 })
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a line that is too long is refused, and others can follow`() async throws {
        try await withServer { _, _, answer in
            let bytes = ControlProtocol.maximumLineBytes + 12
            do throws(ControlAnswerError) {
                try await answer.line(String(repeating: "x", count: ControlProtocol.maximumLineBytes))
            } catch {
                try? await answer.line(error == .lineTooLong(bytes: bytes) ? "refused" : "\(error)")
            }
            return .success
        } _: { path in
            let lines = try await ask(path, ControlRequest("fetch")).lines
            #expect(lines == ["refused"])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a request that is too large is not sent`() async throws {
        let request = ControlRequest("x", arguments: ["a": .string(String(repeating: "x", count: 65_536))])
        await #expect(throws: ControlClientError.requestTooLarge) { try await ask("/nowhere/control", request) }
    }
}
