/// `[network]`, `[account.network]`, `[sink.network]`: how other hosts are reached.
package struct NetworkSettings: Sendable, Equatable {
    package enum IPVersion: String, Sendable, CaseIterable {
        case any
        case four = "4"
        case six = "6"
    }

    /// nil: as HTTPS_PROXY says.
    package let proxy: WebAddress?
    package let noProxy: [String]
    /// nil: the system's.
    package let caFile: String?
    package let ipVersion: IPVersion

    static let standard = NetworkSettings(nil, inheriting: nil)

    /// - Parameter outer: gives the values that are not written here.
    init(_ reader: TableReader?, inheriting outer: NetworkSettings?) {
        proxy = reader?.webAddress("proxy", plainToAnyHost: true) ?? outer?.proxy
        noProxy = reader?.strings("no_proxy")?.map(\.text) ?? outer?.noProxy ?? []
        caFile = reader?.absolutePath("ca_file") ?? outer?.caFile
        ipVersion = reader.flatMap(Self.ipVersion) ?? outer?.ipVersion ?? .any
        reader?.finish()
    }

    /// 4 and 6 are written as numbers as naturally as in quotes.
    private static func ipVersion(_ reader: TableReader) -> IPVersion? {
        switch reader.value("ip_version")?.content {
        case .integer(4): .four
        case .integer(6): .six
        default: reader.choice("ip_version", of: IPVersion.self)
        }
    }

    func write(to writer: inout TOMLWriter, table: String) {
        writer.table(table)
        if let proxy { writer.key("proxy", proxy.description) }
        writer.key("no_proxy", noProxy)
        if let caFile { writer.key("ca_file", caFile) }
        writer.key("ip_version", ipVersion.rawValue)
    }
}
