/// Where a page begins, as the opaque text of `PageToken`.
///
/// Carries the first request's page size, and a check that binds it to the query it was made for: a token that was
/// altered or moved to another query is refused.
struct PageToken: Equatable {
    /// Rows before this page.
    var offset: Int
    var pageSize: Int
    /// Cursor paging: the page holds rows before this place. Zero with offset paging.
    var date: Int64 = 0
    var number: UInt32 = 0

    init(offset: Int, pageSize: Int, date: Int64 = 0, number: UInt32 = 0) {
        self.offset = offset
        self.pageSize = pageSize
        self.date = date
        self.number = number
    }

    init?(_ text: String, query: String) {
        let fields = text.dropFirst(2)
        guard text.utf8.count == 46, fields.utf8.count == 44, text.hasPrefix("PA") || text.hasPrefix("PB"),
            let offset = UInt32(fields.prefix(8), radix: 16),
            let size = UInt16(fields.dropFirst(8).prefix(4), radix: 16),
            let date = UInt64(fields.dropFirst(12).prefix(16), radix: 16),
            let number = UInt32(fields.dropFirst(28).prefix(8), radix: 16)
        else { return nil }
        self.init(offset: Int(offset), pageSize: Int(size), date: Int64(bitPattern: date), number: number)
        guard self.text(String(text.prefix(2)), query: query) == text else { return nil }
    }

    /// - Parameter kind: `PA` leads on, `PB` back.
    func text(_ kind: String, query: String) -> String {
        let fields =
            Self.hex(UInt64(offset), 8) + Self.hex(UInt64(pageSize), 4) + Self.hex(UInt64(bitPattern: date), 16)
            + Self.hex(UInt64(number), 8)
        var check: UInt64 = 0
        for byte in (query + fields).utf8 { check = mixed(check ^ UInt64(byte)) }
        return kind + fields + Self.hex(check >> 32, 8)
    }

    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
