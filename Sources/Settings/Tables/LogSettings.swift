/// `[log]`: the program's own messages.
package struct LogSettings: Sendable, Equatable {
    package enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error }
    /// `auto` is the journal if that is our stdout or stderr, else stderr.
    package enum Target: String, Sendable, CaseIterable { case auto, journal, stderr }
    package enum Format: String, Sendable, CaseIterable { case text, json }

    package let level: Level
    package let target: Target
    /// Of stderr only: the journal has fields.
    package let format: Format

    init(_ reader: TableReader?) {
        level = reader?.choice("level", of: Level.self) ?? .info
        target = reader?.choice("target", of: Target.self) ?? .auto
        format = reader?.choice("format", of: Format.self) ?? .text
        if let reader, reader.has("format"), format == .json, target == .journal {
            reader.fault("format", "`format` is for stderr; with target = \"journal\" it has no effect, leave it out")
        }
        reader?.finish()
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("log")
        writer.key("level", level.rawValue)
        writer.key("target", target.rawValue)
        writer.key("format", format.rawValue)
    }
}
