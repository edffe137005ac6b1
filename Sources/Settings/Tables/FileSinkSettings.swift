package enum FileCompression: String, Sendable, CaseIterable { case gzip, zstd, none }

/// `[[sink]]` with `type = "file"`: files that are rotated.
package struct FileSinkSettings: Sendable, Equatable {
    package let path: PathTemplate
    /// nil: whatever its size.
    package let rotateBytes: Int?
    /// nil: whatever its age.
    package let rotateInterval: Duration?
    /// Of rotated files but the newest.
    package let compression: FileCompression
    /// Of rotated files; nil: all.
    package let keepFiles: Int?
    /// How long rotated files are kept; nil: for ever.
    package let keep: Duration?
    /// Permission bits.
    package let mode: UInt32
    /// nil: the service's own.
    package let group: String?

    private static let rotationBounds = 64 << 10...1 << 40

    init(_ reader: TableReader) {
        reader.missing("path", "write it like path = \"/var/log/twilship/{account}/{dataset}.jsonl\"")
        path = Self.path(reader) ?? PathTemplate(parts: [])
        let bytes = reader.size("rotate_bytes", in: Self.rotationBounds, zeroIsOff: true) ?? 100 << 20
        rotateBytes = bytes == 0 ? nil : bytes
        let interval = reader.duration("rotate_interval", in: .minutes(1)...Duration.days(366), zeroIsOff: true)
        rotateInterval = interval == .zero ? nil : interval ?? .hours(24)
        let available = reader.context.capabilities.fileCompressions
        compression =
            reader.choice("compression", of: FileCompression.self) ?? (available.contains(.gzip) ? .gzip : .none)
        if reader.has("compression"), !available.contains(compression) {
            reader.fault(
                "compression", Capabilities.refusal(of: compression, called: "file compression", among: available))
        }
        let files = reader.integer("keep_files", in: 0...100_000) ?? 30
        keepFiles = files == 0 ? nil : files
        let age = reader.duration("keep", in: .minutes(1)...Duration.days(3_660), zeroIsOff: true)
        keep = age == .zero ? nil : age ?? .days(30)
        mode = Self.mode(reader) ?? 0o640
        group = reader.string("group", refuse: Self.refusalOfGroup)
    }

    private static func path(_ reader: TableReader) -> PathTemplate? {
        guard let text = reader.string("path") else { return nil }
        do {
            return try PathTemplate(parsing: text)
        } catch {
            reader.fault("path", "`path` \(error.reason)")
            return nil
        }
    }

    private static func mode(_ reader: TableReader) -> UInt32? {
        let text = reader.string("mode") { text in
            guard (3...4).contains(text.utf8.count), let mode = UInt32(text, radix: 8), !text.hasPrefix("+") else {
                return "must be three or four octal digits, like \"0640\""
            }
            if mode & 0o600 != 0o600 { return "must let the owner read and write, like \"0640\"" }
            if mode & 0o002 != 0 { return "must not let everybody write, or records could be forged" }
            return mode & 0o7111 == 0 ? nil : "must hold read and write bits only, like \"0640\""
        }
        return text.flatMap { UInt32($0, radix: 8) }
    }

    private static func refusalOfGroup(_ text: String) -> String? {
        let isName =
            text.utf8.count <= 32 && !text.hasPrefix("-")
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || "_-.".utf8.contains($0)
            }
        return isName ? nil : "must be a group's name or number, like \"adm\""
    }

    func write(to writer: inout TOMLWriter) {
        writer.key("path", path.description)
        writer.key("rotate_bytes", size: rotateBytes ?? 0)
        writer.key("rotate_interval", rotateInterval ?? .zero)
        writer.key("compression", compression.rawValue)
        writer.key("keep_files", keepFiles ?? 0)
        writer.key("keep", keep ?? .zero)
        writer.key("mode", "0" + String(mode, radix: 8))
        if let group { writer.key("group", group) }
    }
}
