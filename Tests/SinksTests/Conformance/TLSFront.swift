import Foundation
import Synchronization
import Testing

/// Real TLS in front of a server that is played in the clear: every behaviour of that is one behind TLS, too.
final class TLSFront: Sendable {
    private static let made = Result {
        let certificates = try SyslogCertificates()
        let address = "IP:127.0.0.1"
        try certificates.issue("strange", by: "other", names: address)
        try certificates.issue("another", by: "ca", names: "DNS:elsewhere.example")
        try certificates.issue("old", by: "ca", names: address, days: -1)
        return certificates
    }
    private static let desk = Result { try Desk() }

    private let port: Int

    static func certificates() throws -> SyslogCertificates { try made.get() }

    /// - Parameter behaviour: decides on the certificate that it shows.
    init(port: Int, to server: Int, certificate behaviour: EndBehaviour) throws {
        let name =
            switch behaviour {
            case .strangeCertificate: "strange"
            case .certificateOfAnother: "another"
            case .expiredCertificate: "old"
            default: "server"
            }
        let certificates = try Self.certificates()
        self.port = port
        try Self.desk.get().ask(
            "open \(port) \(server) \(certificates.path("\(name).pem")) \(certificates.path("\(name).key"))")
    }

    /// Listens no more, and resets all connections.
    func stop() {
        try? Self.desk.get().ask("close \(port)")
    }

    /// One process for all of them, which ends with this one.
    private final class Desk: Sendable {
        private let pipes: Mutex<(input: FileHandle, output: FileHandle)>
        private let process: Process

        init() throws {
            let (input, output) = (Pipe(), Pipe())
            process = Process()
            process.executableURL = URL(filePath: "/usr/bin/python3")
            process.arguments = ["-c", TLSFront.program]
            (process.standardInput, process.standardOutput) = (input, output)
            try SyslogReceiver.run(process)
            pipes = Mutex((input.fileHandleForWriting, output.fileHandleForReading))
        }

        func ask(_ order: String) throws {
            try pipes.withLock { pipes in
                try pipes.input.write(contentsOf: Data("\(order)\n".utf8))
                var answer = ""
                while !answer.hasSuffix("\n") {
                    let piece = pipes.output.availableData
                    try #require(!piece.isEmpty, "the TLS front has ended")
                    answer += String(decoding: piece, as: UTF8.self)
                }
                try #require(answer == "ok\n", "\(order): \(answer)")
            }
        }
    }

    /// Hands everything on in both directions, an end as an end and a reset as a reset.
    private static let program = """
        import asyncio, socket, ssl, struct, sys

        fronts = {}

        def reset(writer):
            try:
                connection = writer.get_extra_info("socket")
            except AttributeError:
                # What asyncio says of a TLS connection that is closed already.
                return
            if connection is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        async def pour(reader, writer, back):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
                writer.close()
            except OSError:
                reset(writer)
                reset(back)

        class Front:
            def __init__(self, port, server, certificate, key):
                self.server = server
                self.writers = set()
                self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self.context.load_cert_chain(certificate, key)
                self.listener = socket.socket()
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                # A slow reader behind it is felt soon.
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
                self.listener.bind(("127.0.0.1", port))

            async def open(self):
                self.front = await asyncio.start_server(self.serve, sock=self.listener, ssl=self.context)

            def close(self):
                self.front.close()
                for writer in list(self.writers):
                    reset(writer)

            async def serve(self, reader, writer):
                try:
                    other_reader, other = await asyncio.open_connection("127.0.0.1", self.server)
                except OSError:
                    return reset(writer)
                self.writers |= {writer, other}
                await asyncio.gather(pour(reader, other, writer), pour(other_reader, writer, other))
                self.writers -= {writer, other}

        async def main():
            orders = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
            while line := await orders.readline():
                order, port, *rest = line.decode().split()
                try:
                    if order == "open":
                        fronts[port] = Front(int(port), int(rest[0]), *rest[1:])
                        await fronts[port].open()
                    else:
                        fronts.pop(port).close()
                    print("ok", flush=True)
                except Exception as problem:
                    print(repr(problem), flush=True)

        asyncio.run(main())
        """
}
