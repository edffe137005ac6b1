/// Writes log lines: everything about one follows from its environment and number, but for a function chosen for it.
struct LogRecords: Sendable {
    /// The SIDs that all lines of an environment share.
    struct Place: Sendable {
        var stream: SIDs.Tag
        var account: SIDs.Digits
        var service: SIDs.Digits
        var environment: SIDs.Digits
        var build: SIDs.Digits
        var deployment: SIDs.Digits
        var functions: [SIDs.Digits]
    }

    private let sids: SIDs
    private let seed: UInt64
    private let templates: [RecordTemplate]
    private let functionless: [RecordTemplate]
    private let withoutFunction: Double?

    /// - Parameter withoutFunction: the share of lines without a function; nil: all lines of one kind.
    init(sids: SIDs, seed: UInt64, dates: RecordTemplate.DateForm, withoutFunction: Double?) {
        self.sids = sids
        self.seed = mixed(seed ^ 0x1065)
        self.withoutFunction = withoutFunction
        templates = LogShape.templates.map { RecordTemplate($0.text, dates: dates) }
        functionless = LogShape.templates.map { RecordTemplate($0.withoutFunction, dates: dates) }
    }

    /// The function that printed a line; nil for a line without one.
    func function(_ number: UInt32, in place: Place, _ choice: FunctionChoice) -> SIDs.Digits? {
        guard !place.functions.isEmpty else { return nil }
        switch choice {
        case .none: return nil
        case .one(let index): return place.functions.indices.contains(index) ? place.functions[index] : nil
        case .spread:
            let bits = bits(number, place)
            if let withoutFunction {
                guard unit(mixed(bits)) >= withoutFunction else { return nil }
            } else {
                guard LogShape.hasFunction(Int(bits % UInt64(templates.count))) else { return nil }
            }
            return place.functions[Int(bits >> 16 % UInt64(place.functions.count))]
        }
    }

    func append(_ number: UInt32, date: Int64, place: Place, _ choice: FunctionChoice, to page: inout [UInt8]) {
        let account = place.stream.account
        let function = function(number, in: place, choice)
        let kind = Int(bits(number, place) % UInt64(templates.count))
        (function == nil ? functionless : templates)[kind].append(
            RecordTemplate.Values(
                sid: sids.digits(place.stream, UInt64(number)), account: place.account, service: place.service,
                environment: place.environment, build: place.build, deployment: place.deployment,
                function: function ?? SIDs.Digits(high: 0, low: 0),
                request: sids.digits(.init(kind: .request, account: account), UInt64(number) / 3),
                text: sids.digits(.init(kind: .text, account: account), UInt64(number)), date: date),
            to: &page)
    }

    private func bits(_ number: UInt32, _ place: Place) -> UInt64 {
        mixed(seed ^ place.stream.packed ^ UInt64(number))
    }
}
