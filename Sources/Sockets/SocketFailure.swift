import Glibc

/// Why reading or writing ended early.
package enum SocketFailure: Error, Equatable {
    /// The other side will not read any more.
    case closed
    case timedOut
    case cancelled
    case system(SystemError)
}

/// A system call that failed.
package struct SystemError: Error, Equatable {
    package let call: String
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    package var reason: String { "\(String(cString: strerror(code))) (\(call))" }
}
