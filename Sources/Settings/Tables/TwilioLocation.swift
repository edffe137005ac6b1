/// Twilio's edge and region. Never one alone: a region without an edge is processed in US1.
package struct TwilioLocation: Sendable, Equatable {
    package let edge: String
    package let region: String

    /// nil if neither is written, or there was a fault.
    init?(_ reader: TableReader) {
        let edge = reader.string("edge", refuse: Self.refusal)
        let region = reader.string("region", refuse: Self.refusal)
        if reader.has("edge") != reader.has("region") {
            let present = reader.has("edge") ? "edge" : "region"
            let absent = present == "edge" ? "region" : "edge"
            reader.fault(
                present, "`\(present)` needs `\(absent)` beside it: Twilio would process one alone in US1 in silence")
        }
        guard let edge, let region else { return nil }
        self.edge = edge
        self.region = region
    }

    private static func refusal(_ text: String) -> String? {
        let isLabel = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-")
        }
        return isLabel && !text.hasPrefix("-") && !text.hasSuffix("-") && text.utf8.count <= 32
            ? nil : "must be a name in lower case, like \"dublin\" (edge) or \"ie1\" (region)"
    }
}

extension WebAddress {
    /// Where a product of Twilio answers: `https://monitor.twilio.com`, `https://monitor.dublin.ie1.twilio.com`.
    init(product: String, at location: TwilioLocation?) {
        let place = location.map { ".\($0.edge).\($0.region)" } ?? ""
        self.init(scheme: .https, host: "\(product)\(place).twilio.com")
    }
}
