/// A record's JSON with holes of fixed width, so that a record is one copy and a few stores.
///
/// Pages hold up to a thousand records and are built while a caller waits; putting strings together took a hundred
/// times as long.
struct RecordTemplate: Sendable {
    /// What goes into a hole. A hole is written `<name>` in the template's text.
    enum Hole: String, CaseIterable {
        case sid, account, actor, resource, service, environment, build, deployment, function, request, text
        case date, created, ip

        func width(_ dates: DateForm) -> Int {
            switch self {
            case .date, .created: dates.width
            case .ip: 3
            default: 32
            }
        }
    }

    /// How a record's dates are written; each form has one width.
    enum DateForm {
        case seconds, milliseconds
        /// `Tue, 09 Feb 2010 01:23:53 +0000`.
        case rfc2822

        var width: Int {
            switch self {
            case .seconds: 20
            case .milliseconds: 24
            case .rfc2822: 31
            }
        }
    }

    /// The values of one record's holes; what the template has no hole for is not looked at.
    struct Values {
        var sid = SIDs.Digits(high: 0, low: 0)
        var account = SIDs.Digits(high: 0, low: 0)
        var actor = SIDs.Digits(high: 0, low: 0)
        var resource = SIDs.Digits(high: 0, low: 0)
        var service = SIDs.Digits(high: 0, low: 0)
        var environment = SIDs.Digits(high: 0, low: 0)
        var build = SIDs.Digits(high: 0, low: 0)
        var deployment = SIDs.Digits(high: 0, low: 0)
        var function = SIDs.Digits(high: 0, low: 0)
        var request = SIDs.Digits(high: 0, low: 0)
        var text = SIDs.Digits(high: 0, low: 0)
        var date: Int64 = 0
        /// Of alerts: date_created, where it is not the date they are listed by.
        var created: Int64 = 0
        /// The last number of an address; three digits, 100-254.
        var ip: UInt8 = 100
    }

    private let bytes: [UInt8]
    private let holes: [(offset: Int, hole: Hole)]
    private let dates: DateForm

    init(_ text: String, dates: DateForm = .seconds) {
        var bytes: [UInt8] = []
        var holes: [(Int, Hole)] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "<") {
            bytes += rest[..<open].utf8
            let inside = rest[rest.index(after: open)...]
            if let close = inside.firstIndex(of: ">"), let hole = Hole(rawValue: String(inside[..<close])) {
                holes.append((bytes.count, hole))
                bytes += [UInt8](repeating: 0x30, count: hole.width(dates))
                rest = inside[inside.index(after: close)...]
            } else {
                bytes.append(0x3C)
                rest = inside
            }
        }
        self.bytes = bytes + Array(rest.utf8)
        self.holes = holes
        self.dates = dates
    }

    /// Appends the record; every hole lies within what was just copied, as `init` made room for its width.
    func append(_ values: Values, to page: inout [UInt8]) {
        let begin = page.count
        page.append(contentsOf: bytes)
        page.withUnsafeMutableBytes { page in
            for (offset, hole) in holes {
                let at = begin + offset
                switch hole {
                case .sid: values.sid.write(to: page, at: at)
                case .account: values.account.write(to: page, at: at)
                case .actor: values.actor.write(to: page, at: at)
                case .resource: values.resource.write(to: page, at: at)
                case .service: values.service.write(to: page, at: at)
                case .environment: values.environment.write(to: page, at: at)
                case .build: values.build.write(to: page, at: at)
                case .deployment: values.deployment.write(to: page, at: at)
                case .function: values.function.write(to: page, at: at)
                case .request: values.request.write(to: page, at: at)
                case .text: values.text.write(to: page, at: at)
                case .date: write(values.date, to: page, at: at)
                case .created: write(values.created, to: page, at: at)
                case .ip:
                    page[at] = 0x30 + values.ip / 100
                    page[at + 1] = 0x30 + values.ip / 10 % 10
                    page[at + 2] = 0x30 + values.ip % 10
                }
            }
        }
    }

    private func write(_ date: Int64, to page: UnsafeMutableRawBufferPointer, at offset: Int) {
        guard dates == .rfc2822 else {
            CivilTime(date).write(to: page, at: offset, fraction: dates == .milliseconds)
            return
        }
        for (index, byte) in TwilioDate.rfc2822(date).utf8.enumerated() { page[offset + index] = byte }
    }
}
