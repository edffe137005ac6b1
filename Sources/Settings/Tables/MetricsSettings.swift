/// `[metrics]`: Prometheus, off unless set.
package struct MetricsSettings: Sendable, Equatable {
    /// A file that the node exporter's textfile collector reads.
    package let textfile: String?
    /// Where /metrics and /healthz are served.
    package let listen: Endpoint?

    init(_ reader: TableReader?) {
        textfile = reader?.string("textfile") { path in
            if !path.hasPrefix("/") { return "must be an absolute path, beginning with /" }
            return path.hasSuffix(".prom") ? nil : "must end in .prom: the node exporter reads no other files"
        }
        listen = reader?.string("listen", refuse: Self.refusal).flatMap { Endpoint($0) }
        if let reader {
            if reader.has("textfile") { reader.requires(.metricsTextfile, for: "textfile") }
            if reader.has("listen") { reader.requires(.metricsListen, for: "listen") }
            reader.finish()
        }
    }

    private static func refusal(_ text: String) -> String? {
        // A name could take long to look up, and stand for several addresses.
        Endpoint(text)?.isAddress == true ? nil : "must be an address and a port, like \"127.0.0.1:9717\""
    }

    func write(to writer: inout TOMLWriter) {
        guard textfile != nil || listen != nil else { return }
        writer.table("metrics")
        if let textfile { writer.key("textfile", textfile) }
        if let listen { writer.key("listen", listen.description) }
    }
}
