/// `[sink.tls]`: whom a sink trusts, and who it says it is.
package struct TLSSettings: Sendable, Equatable {
    /// nil: the system's.
    package let caFile: String?
    /// Certificate and key come together or not at all.
    package let certificateFile: String?
    package let keyFile: String?
    /// nil: the host that is connected to.
    package let serverName: String?

    init(_ reader: TableReader) {
        caFile = reader.absolutePath("ca_file")
        certificateFile = reader.absolutePath("cert_file")
        keyFile = reader.absolutePath("key_file")
        serverName = reader.string("server_name") { text in
            Endpoint(text, defaultPort: 1)?.port == 1 ? nil : "must be a host name without a port"
        }
        if reader.has("cert_file") != reader.has("key_file") {
            let present = reader.has("cert_file") ? "cert_file" : "key_file"
            reader.fault(present, "a client certificate needs both `cert_file` and `key_file`")
        }
        reader.finish()
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("sink.tls")
        if let caFile { writer.key("ca_file", caFile) }
        if let certificateFile { writer.key("cert_file", certificateFile) }
        if let keyFile { writer.key("key_file", keyFile) }
        if let serverName { writer.key("server_name", serverName) }
    }
}
