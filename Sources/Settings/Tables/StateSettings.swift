/// `[state]`: where the spool and all progress are kept.
package struct StateSettings: Sendable, Equatable {
    package let directory: String
    /// Disk for the spool.
    package let maximumBytes: Int
    /// How long delivered records are kept for replay and explain.
    package let retain: Duration

    /// The spool needs room for its reserve and some segments; more than 16 TiB is a slip.
    private static let byteBounds = 64 << 20...16 << 40

    init(_ reader: TableReader?, environment: [String: String]) {
        directory = reader?.absolutePath("directory") ?? Self.defaultDirectory(environment)
        maximumBytes = reader?.size("max_bytes", in: Self.byteBounds) ?? 2 << 30
        retain = reader?.duration("retain", in: .zero...Duration.days(400)) ?? .hours(72)
        reader?.finish()
    }

    /// systemd's StateDirectory= comes as a list with colons; the first is the service's own.
    private static func defaultDirectory(_ environment: [String: String]) -> String {
        let given = environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        guard let given, given.hasPrefix("/") else { return "/var/lib/twilship" }
        return given
    }

    func write(to writer: inout TOMLWriter) {
        writer.table("state")
        writer.key("directory", directory)
        writer.key("max_bytes", size: maximumBytes)
        writer.key("retain", retain)
    }
}

extension Duration {
    static func minutes(_ count: Int64) -> Duration { .seconds(60 * count) }
    static func hours(_ count: Int64) -> Duration { .seconds(3_600 * count) }
    static func days(_ count: Int64) -> Duration { .seconds(86_400 * count) }
}
