/// Writes audit events: everything about one follows from its account and number.
struct EventRecords: Sendable {
    /// What the list's filters ask about an event.
    struct Facts {
        var shape: Int
        var actor: SIDs.Digits
        var resource: SIDs.Digits
        var ip: UInt8
    }

    private let sids: SIDs
    private let seed: UInt64

    init(sids: SIDs, seed: UInt64) {
        self.sids = sids
        self.seed = mixed(seed ^ 0xE7E7)
    }

    func facts(_ number: UInt32, account: Int) -> Facts {
        let bits = mixed(seed ^ UInt64(account) << 32 ^ UInt64(number))
        let user = SIDs.Tag(kind: .user, account: account)
        let resource = SIDs.Tag(kind: .resource, account: account)
        return Facts(
            shape: Int(bits % UInt64(EventShape.all.count)),
            actor: sids.digits(user, bits >> 16 % Self.users),
            resource: sids.digits(resource, bits >> 24 % Self.resources),
            ip: 100 + UInt8(bits >> 40 % 155))
    }

    func append(_ number: UInt32, date: Int64, stream: SIDs.Tag, accountSID: SIDs.Digits, to page: inout [UInt8]) {
        let facts = facts(number, account: stream.account)
        Self.templates[facts.shape].append(
            RecordTemplate.Values(
                sid: sids.digits(stream, UInt64(number)), account: accountSID, actor: facts.actor,
                resource: facts.resource,
                text: sids.digits(.init(kind: .text, account: stream.account), UInt64(number)), date: date,
                ip: facts.ip),
            to: &page)
    }

    private static let templates = EventShape.all.map { RecordTemplate($0.template) }
    /// Few enough that the filters find several events each.
    private static let users: UInt64 = 12
    private static let resources: UInt64 = 200
}
