import ArgumentParser
import Simulating

struct ServingArguments: ParsableArguments {
    @Option(help: "The IPv4 address to listen on.") var address = "127.0.0.1"
    @Option(help: "The port; 0 = any free one.") var port: UInt16 = 0
    @Option(help: "Write the port to this file once it is open.") var portFile: String?
    @Option(help: "Where history ends and live data begins, RFC 3339; default: now.") var startTime: Instant?
    @Flag(help: "Print one line of JSON instead of text.") var json = false

    func apply(to options: inout SimulatorOptions, start: Int64) {
        options.address = address
        options.port = port
        options.startTime = start
    }
}
