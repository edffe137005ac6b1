/// `[[sink]]` with `type = "http"`: a webhook, or a preset for a product.
package struct HTTPSinkSettings: Sendable, Equatable {
    package enum Preset: String, Sendable, CaseIterable {
        case generic
        case splunkHEC = "splunk_hec"
        case elasticBulk = "elastic_bulk"
    }

    package enum Compression: String, Sendable, CaseIterable { case gzip, none }

    package enum Encoding: String, Sendable, CaseIterable {
        case ndjson
        case jsonArray = "json_array"
    }

    package enum Authentication: Sendable, Equatable {
        case none
        /// Sent with the preset's scheme.
        case token(SecretReference)
        case basic(user: String, password: SecretReference)
    }

    package struct Signature: Sendable, Equatable {
        package let secret: SecretReference
        package let header: String
    }

    package let url: WebAddress
    package let preset: Preset
    package let authentication: Authentication
    package let index: String?
    /// Of Splunk only.
    package let sourcetype: String
    /// Splunk's indexer acknowledgement.
    package let acknowledgement: Bool
    package let compression: Compression
    /// Sorted by name.
    package let headers: [HTTPHeaderSetting]
    package let timeout: Duration
    /// Of `generic` only.
    package let encoding: Encoding
    package let signature: Signature?
    package let tls: TLSSettings?
    /// Its own: the top's `[network]` is for the way to Twilio.
    package let network: NetworkSettings

    init(_ reader: TableReader) {
        reader.missing("url", "write it like url = \"https://siem.example.com/path\"")
        url = reader.webAddress("url") ?? WebAddress(scheme: .https, host: "")
        let preset = reader.choice("preset", of: Preset.self) ?? .generic
        self.preset = preset
        authentication = Self.authentication(reader)
        index = reader.string("index", refuse: Self.refusal(ofIndex:))
        sourcetype = reader.string("sourcetype") ?? "twilship:envelope"
        acknowledgement = reader.boolean("ack") ?? (preset == .splunkHEC)
        compression = reader.choice("compression", of: Compression.self) ?? .gzip
        headers = HTTPHeaderSetting.read(reader)
        timeout = reader.duration("timeout", in: .seconds(1)...Duration.minutes(10)) ?? .seconds(30)
        encoding = reader.choice("encoding", of: Encoding.self) ?? .ndjson
        signature = reader.table("hmac").map(Self.signature)
        tls = reader.table("tls").map(TLSSettings.init)
        network = NetworkSettings(reader.table("network"), inheriting: nil)
        checkCombinations(reader)
    }

    /// What both Splunk and Elasticsearch allow, and a path can hold as it is.
    private static func refusal(ofIndex name: String) -> String? {
        let isName =
            (1...255).contains(name.utf8.count) && !"._-".contains(name.first ?? ".")
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || "._-".utf8.contains(byte)
            }
        return isName ? nil : "must be a name of a-z 0-9 . _ - that begins with a letter or digit"
    }

    private static func authentication(_ reader: TableReader) -> Authentication {
        let token = reader.secretReference("token")
        let basic = reader.table("basic").map { basic in
            basic.missing("user", "write basic = { user = \"name\", password = \"credential:NAME\" }")
            basic.missing("password", "write basic = { user = \"name\", password = \"credential:NAME\" }")
            let user = basic.string("user") { $0.contains(":") ? "must not contain a colon (RFC 7617)" : nil }
            let password = basic.secretReference("password")
            basic.finish()
            return Authentication.basic(user: user ?? "", password: password ?? .environment(""))
        }
        if reader.has("token"), reader.has("basic") {
            reader.fault("basic", "`token` and `basic` exclude each other: both are the Authorization header")
        }
        return basic ?? token.map(Authentication.token) ?? .none
    }

    private static func signature(_ reader: TableReader) -> Signature {
        reader.missing("secret", "write hmac = { secret = \"credential:NAME\" }")
        let secret = reader.secretReference("secret")
        let header = reader.string("header", refuse: HTTPHeaderSetting.refusal)
        reader.finish()
        return Signature(secret: secret ?? .environment(""), header: header ?? "X-Twilship-Signature")
    }

    private func checkCombinations(_ reader: TableReader) {
        func only(_ presets: [Preset], may key: String) {
            guard reader.has(key), !presets.contains(preset) else { return }
            let listed = presets.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            reader.keyFault(key, "`\(key)` is for preset = \(listed); this sink's is \"\(preset.rawValue)\"")
        }
        only([.splunkHEC], may: "ack")
        only([.splunkHEC], may: "sourcetype")
        only([.splunkHEC, .elasticBulk], may: "index")
        only([.generic], may: "encoding")
        only([.generic], may: "hmac")
        if preset == .splunkHEC {
            reader.missing("token", "the HTTP Event Collector needs one: token = \"credential:NAME\"")
            if reader.has("basic") {
                reader.fault("basic", "`basic` does not work with preset = \"splunk_hec\"; use `token`")
            }
            if url.path.contains("/services/collector/raw") {
                reader.fault("url", "records are sent as events: let the path end with /services/collector/event")
            }
        }
        if reader.has("tls"), url.scheme == .http {
            reader.keyFault("tls", "[sink.tls] has no effect with a url that begins with http://")
        }
        if authentication != .none, headers.contains(where: { $0.name.lowercased() == "authorization" }) {
            reader.fault("headers", "`headers` sets Authorization, and so do `token` and `basic`; keep one of them")
        }
        if let signature, headers.contains(where: { $0.name.lowercased() == signature.header.lowercased() }) {
            reader.fault("headers", "`headers` sets \(signature.header), which `hmac` sets too; keep one of them")
        }
    }

    func write(to writer: inout TOMLWriter) {
        writer.key("url", url.description)
        writer.key("preset", preset.rawValue)
        switch authentication {
        case .none: break
        case .token(let token): writer.key("token", token.description)
        case .basic(let user, let password):
            writer.key("basic", inline: [("user", user), ("password", password.description)])
        }
        if let index { writer.key("index", index) }
        if preset == .splunkHEC {
            writer.key("sourcetype", sourcetype)
            writer.key("ack", acknowledgement)
        }
        writer.key("compression", compression.rawValue)
        if !headers.isEmpty { writer.key("headers", inline: headers.map { ($0.name, $0.value.text) }) }
        writer.key("timeout", timeout)
        if preset == .generic { writer.key("encoding", encoding.rawValue) }
        if let signature {
            writer.key("hmac", inline: [("secret", signature.secret.description), ("header", signature.header)])
        }
    }
}
