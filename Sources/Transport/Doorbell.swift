import CCurl
import Glibc

/// Wakes a thread that sleeps in poll(2): an eventfd(2), readable from a ring until it is answered.
package final class Doorbell: Sendable {
    package let descriptor: CInt

    package init() throws(TransportError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw .badLocalSetup(.init("a connection", detail: "no file descriptor to wake its thread: errno \(errno)"))
        }
    }

    deinit {
        close(descriptor)
    }

    package func ring() {
        _ = eventfd_write(descriptor, 1)
    }

    package func answer() {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
    }
}
