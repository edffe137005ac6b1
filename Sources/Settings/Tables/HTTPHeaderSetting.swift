/// One of an http sink's `headers`.
package struct HTTPHeaderSetting: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case literal(String)
        case secret(SecretReference)

        var text: String {
            switch self {
            case .literal(let text): text
            case .secret(let reference): reference.description
            }
        }
    }

    package let name: String
    package let value: Value

    private static let maximumHeaders = 32
    /// What the sink itself or HTTP's machinery sets.
    private static let ours: Set<String> = [
        "connection", "content-encoding", "content-length", "content-type", "expect", "host", "idempotency-key",
        "te", "trailer", "transfer-encoding", "upgrade", "x-twilship-timestamp",
    ]
    /// Headers with such a word in their name carry credentials.
    private static let secretWords = ["auth", "cookie", "key", "password", "secret", "signature", "token"]

    static func read(_ reader: TableReader) -> [HTTPHeaderSetting] {
        guard let value = reader.value("headers") else { return [] }
        guard case .table(let entries) = value.content else {
            reader.mismatch("headers", "an inline table, like { \"X-Team\" = \"secops\" }", value)
            return []
        }
        if entries.count > maximumHeaders { reader.fault("headers", "at most \(maximumHeaders) headers can be set") }
        var seen: Set<String> = []
        let headers = entries.compactMap { entry -> HTTPHeaderSetting? in
            if !seen.insert(entry.key.lowercased()).inserted {
                reader.context.faults.add(entry.keyLocation, "the header \(entry.key.quoted) is set twice")
            }
            return header(entry, reader.context.faults)
        }
        return headers.sorted { $0.name < $1.name }
    }

    private static func header(_ entry: TOMLValue.Entry, _ faults: FaultList) -> HTTPHeaderSetting? {
        if let reason = refusal(entry.key) {
            faults.add(entry.keyLocation, "the header \(entry.key.quoted) \(reason)")
            return nil
        }
        guard case .string(let text) = entry.value.content else {
            faults.add(
                entry.value.location,
                "the header \(entry.key.quoted) must be a text in quotes, not \(entry.value.kindName)")
            return nil
        }
        if SecretReference.isReference(text) {
            do {
                return HTTPHeaderSetting(name: entry.key, value: .secret(try SecretReference(parsing: text)))
            } catch {
                faults.add(entry.value.location, "the header \(entry.key.quoted): \(error.reason)")
                return nil
            }
        }
        let lowered = entry.key.lowercased()
        if secretWords.contains(where: lowered.contains) {
            faults.add(
                entry.value.location,
                "the header \(entry.key.quoted) carries a secret, which must not stand here: "
                    + "say where it is kept (`credential:NAME`, `file:PATH` or `env:NAME`), or use `token` or `basic`")
            return nil
        }
        guard text.isPlainText, text.utf8.count <= 4_096 else {
            faults.add(
                entry.value.location, "the header \(entry.key.quoted) must be plain text of at most 4096 bytes")
            return nil
        }
        return HTTPHeaderSetting(name: entry.key, value: .literal(text))
    }

    /// RFC 9110 §5.6.2: a name is a token.
    static func refusal(_ name: String) -> String? {
        let isToken =
            (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        if !isToken { return "is no valid header name" }
        return ours.contains(name.lowercased()) ? "is set by twilship itself; leave it out" : nil
    }
}
