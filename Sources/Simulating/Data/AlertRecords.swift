/// Writes alerts: everything about one follows from its account and number.
struct AlertRecords: Sendable {
    private let sids: SIDs
    private let seed: UInt64
    private let createdDelay: Int64
    private let listed: [RecordTemplate]
    private let single: [RecordTemplate]

    /// - Parameter createdDelay: milliseconds from date_generated to date_created.
    init(sids: SIDs, seed: UInt64, dates: RecordTemplate.DateForm, createdDelay: Int64) {
        self.sids = sids
        self.seed = mixed(seed ^ 0xA1E7)
        self.createdDelay = createdDelay
        listed = AlertShape.all.map { RecordTemplate("{\($0.members)}", dates: dates) }
        single = AlertShape.all.map { RecordTemplate("{\($0.members), \(AlertShape.details)}", dates: dates) }
    }

    /// The level of an alert, in lower case.
    func level(_ number: UInt32, account: Int) -> String {
        AlertShape.all[shape(number, account)].level
    }

    /// - Parameter isSingle: with what only the answer about one alert has.
    func append(
        _ number: UInt32, date: Int64, stream: SIDs.Tag, accountSID: SIDs.Digits, isSingle: Bool,
        to page: inout [UInt8]
    ) {
        let account = stream.account
        let bits = bits(number, account)
        (isSingle ? single : listed)[shape(number, account)].append(
            RecordTemplate.Values(
                sid: sids.digits(stream, UInt64(number)), account: accountSID,
                resource: sids.digits(.init(kind: .resource, account: account), bits >> 24 % 200),
                service: sids.digits(.init(kind: .service, account: account), 0),
                text: sids.digits(.init(kind: .text, account: account), UInt64(number)), date: date,
                created: date + createdDelay),
            to: &page)
    }

    private func shape(_ number: UInt32, _ account: Int) -> Int {
        Int(bits(number, account) % UInt64(AlertShape.all.count))
    }

    private func bits(_ number: UInt32, _ account: Int) -> UInt64 {
        mixed(seed ^ UInt64(account) << 32 ^ UInt64(number))
    }
}
