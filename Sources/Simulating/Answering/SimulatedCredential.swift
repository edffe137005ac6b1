/// What a user name opens, and with which password.
struct SimulatedCredential: Sendable {
    let account: Int
    let password: String
    /// A restricted key: Monitor only.
    let isRestricted: Bool

    /// By user name: account SIDs with their tokens, key SIDs with their secrets.
    static func all(of accounts: [SimulatedAccount]) -> [String: SimulatedCredential] {
        var all: [String: SimulatedCredential] = [:]
        for (index, account) in accounts.enumerated() {
            all[account.sid] = .init(account: index, password: account.authToken, isRestricted: false)
            all[account.keySID] = .init(account: index, password: account.keySecret, isRestricted: false)
            all[account.restrictedKeySID] = .init(
                account: index, password: account.restrictedKeySecret, isRestricted: true)
        }
        return all
    }
}
