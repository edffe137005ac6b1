@preconcurrency import Dispatch
import Glibc

/// A connected or listening socket that never blocks a thread. Closed when nobody holds it any more.
///
/// Waiting ends by readiness, time-out or the task's cancellation, and only then does `await` return: the descriptor is
/// never closed while it is watched.
package final class StreamSocket: Sendable {
    package let descriptor: Int32
    private static let queue = DispatchQueue(label: "twilship.sockets")

    /// - Parameter descriptor: an open, non-blocking socket, which this owns from now on.
    package init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Both ends see the end; waiting tasks wake up.
    package func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The other end sees the end of what is sent; what it sends can still be read.
    package func finishWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next client that waits, or nil if none does.
    package func accepted() throws(SystemError) -> StreamSocket? {
        while true {
            let client = accept(descriptor, nil, nil)
            if client >= 0 {
                let socket = StreamSocket(owning: client)
                // Glibc's module has no accept4(2).
                guard fcntl(client, F_SETFD, FD_CLOEXEC) == 0, fcntl(client, F_SETFL, O_NONBLOCK) == 0 else {
                    throw SystemError(call: "fcntl", code: errno)
                }
                return socket
            }
            switch errno {
            case EAGAIN: return nil
            case EINTR, ECONNABORTED: continue
            default: throw SystemError(call: "accept", code: errno)
            }
        }
    }

    /// What is there to read, up to `maximum` bytes, waiting for the first; empty at the end.
    package func read(atMost maximum: Int, until deadline: ContinuousClock.Instant? = nil) async throws(SocketFailure)
        -> [UInt8]
    {
        while true {
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: maximum) { buffer, count in
                let received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                code = received < 0 ? errno : 0
                count = max(received, 0)
            }
            switch code {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN: try await wait(for: .reading, until: deadline)
            // What was not read by a side that closed: an end like any other.
            case ECONNRESET: return []
            default: throw .system(SystemError(call: "recv", code: code))
            }
        }
    }

    /// Everything, waiting for room.
    package func write(_ bytes: [UInt8], until deadline: ContinuousClock.Instant? = nil) async throws(SocketFailure) {
        var start = 0
        while start < bytes.count {
            let sent = bytes[start...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                start += sent
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try await wait(for: .writing, until: deadline)
            case EPIPE, ECONNRESET: throw .closed
            case let code: throw .system(SystemError(call: "send", code: code))
            }
        }
    }

    package enum Direction { case reading, writing }

    /// Until the socket can be read or written, or seems to: a false alarm is possible, so try and wait again.
    package func wait(for direction: Direction, until deadline: ContinuousClock.Instant? = nil)
        async throws(SocketFailure)
    {
        let source: any DispatchSourceProtocol =
            switch direction {
            case .reading: DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: Self.queue)
            case .writing: DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: Self.queue)
            }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let timer = deadline.map { deadline in
                    let timer = DispatchSource.makeTimerSource(queue: Self.queue)
                    let remaining = max((deadline - .now) / .nanoseconds(1), 0)
                    timer.schedule(deadline: .now() + .nanoseconds(Int(min(remaining, 1e18))))
                    timer.setEventHandler { source.cancel() }
                    return timer
                }
                source.setEventHandler { source.cancel() }
                // The only way out, and the last thing that happens to the source.
                source.setCancelHandler {
                    timer?.cancel()
                    continuation.resume()
                }
                timer?.activate()
                source.activate()
            }
        } onCancel: {
            source.cancel()
        }
        if Task.isCancelled { throw .cancelled }
        if let deadline, deadline <= .now { throw .timedOut }
    }
}
