import Foundation

/// A simulated Twilio behind an HTTP port, by the real clock.
///
/// - Binds to loopback unless told otherwise; `/truth` and `/control` answer loopback callers only.
/// - A caller's garbage costs the caller its connection. Requests with long targets or bodies are refused, but lines are
///   read by FlyingFox 0.27, which does not bound them and takes quadratic time over long ones: not for hostile networks.
/// - Should the listening socket fail (too many open files, say), it is opened again on the same port.
package final class SimulatorServer: Sendable {
    package let twilio: SimulatedTwilio
    package let port: UInt16
    package let address: String
    private let listener: Listener

    package var url: String { "http://\(address):\(port)" }

    private init(twilio: SimulatedTwilio, port: UInt16, address: String, listener: Listener) {
        self.twilio = twilio
        self.port = port
        self.address = address
        self.listener = listener
    }

    /// Returns once the port is open; the caller has to `stop()` it.
    package static func start(_ options: SimulatorOptions = SimulatorOptions()) async throws -> SimulatorServer {
        if let problem = options.problems.first { throw SimulatorServerError.options(problem) }
        let twilio = SimulatedTwilio(options, start: options.startTime ?? SimulatorClock.now())
        let listener = Listener(
            address: options.address, timeout: max(options.slowDelay, options.timeoutDelay) + .seconds(60),
            handler: SimulatorHandler(twilio: twilio))
        let port = try await listener.open(port: options.port)
        return SimulatorServer(twilio: twilio, port: port, address: options.address, listener: listener)
    }

    /// Closes the port and all connections.
    package func stop() async {
        await listener.close()
    }
}

/// Why a simulator cannot be started.
package enum SimulatorServerError: Error, CustomStringConvertible {
    case options(String)
    case address(String)
    case cannotListen(address: String, port: UInt16, reason: String)

    package var description: String {
        switch self {
        case .options(let problem): "the simulator cannot be set up so: \(problem)"
        case .address(let address): "\(address) is not an IPv4 address to listen on; try 127.0.0.1"
        case .cannotListen(let address, let port, let reason):
            "cannot listen on \(address):\(port): \(reason); choose another --port, or 0 for any"
        }
    }
}

/// Runs `body` beside a simulator of its own, which is stopped whatever happens.
package func withSimulator<Result>(
    _ options: SimulatorOptions = SimulatorOptions(), _ body: (SimulatorServer) async throws -> Result
) async throws -> Result {
    let server = try await SimulatorServer.start(options)
    do {
        let result = try await body(server)
        await server.stop()
        return result
    } catch {
        await server.stop()
        throw error
    }
}

/// The wall clock in milliseconds since 1970.
package enum SimulatorClock {
    /// Reads a date in RFC 3339.
    package static func milliseconds(_ text: String) -> Int64? {
        TwilioDate.milliseconds(text)
    }

    package static func now() -> Int64 {
        Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down))
    }
}
