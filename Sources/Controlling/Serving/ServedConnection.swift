import Sockets

/// One client: its request, the handler, and the end of the answer.
struct ServedConnection: Sendable {
    let socket: StreamSocket
    let timeouts: ControlTimeouts
    let handler: ControlServer.Handler

    /// Returns when the handler has, and the connection is closed.
    func serve() async {
        let answer = ControlAnswer(socket, timeout: timeouts.line)
        if let end = await end(answer) { try? await answer.end(end) }
        // Whoever still holds the answer writes to nobody.
        socket.shutDown()
    }

    /// nil if there is nobody left to tell.
    private func end(_ answer: ControlAnswer) async -> ControlEnd? {
        let peer: ControlPeer
        do {
            peer = try socket.peer()
        } catch {
            return ControlEnd(exit: 70, error: "the service cannot tell who is asking: \(error.reason)")
        }
        do throws(ControlRequest.Refusal) {
            guard let request = try await request() else { return nil }
            return await carryOut(request, peer, answer)
        } catch {
            return error.end
        }
    }

    private func request() async throws(ControlRequest.Refusal) -> ControlRequest? {
        let reader = LineReader(socket)
        let line: [UInt8]?
        do throws(LineReader.Failure) {
            line = try await reader.line(
                atMost: ControlProtocol.maximumRequestBytes, until: .now + timeouts.request)
        } catch {
            switch error {
            case .tooLong:
                throw .init(end: .usage("the request is longer than \(ControlProtocol.maximumRequestBytes) bytes"))
            case .socket(.timedOut):
                throw .init(end: .usage("no request came within \(timeouts.request.components.seconds) s"))
            case .socket(.cancelled):
                throw .init(end: .later("the service is stopping; try again when it runs"))
            case .socket:
                return nil
            }
        }
        guard let line else { return nil }
        if reader.hasMore { throw .init(end: .usage("one connection carries one request, and nothing after it")) }
        return try ControlRequest(decoding: line)
    }

    /// The handler's own end in any case: if it was cancelled because the service stops, there is a client to tell.
    private func carryOut(
        _ request: ControlRequest, _ peer: ControlPeer, _ answer: ControlAnswer
    ) async -> ControlEnd? {
        await withTaskGroup(of: ControlEnd?.self) { tasks in
            tasks.addTask { await handler(request, peer, answer) }
            tasks.addTask {
                // The end, or more than the request: either cancels. Not readiness alone, which can be a false alarm.
                _ = try? await socket.read(atMost: 1)
                return nil
            }
            var end: ControlEnd?
            // Whichever is first cancels the other.
            for await result in tasks {
                end = end ?? result
                tasks.cancelAll()
            }
            return end
        }
    }
}
