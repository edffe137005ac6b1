/// What a user name opens, and with which password.
struct SimulatedCredential: Sendable {
    enum Kind {
        case token, mainKey, standardKey
        /// Monitor only.
        case restrictedKey
    }

    let account: Int
    let password: String
    let kind: Kind

    /// By user name: account SIDs with their tokens, key SIDs with their secrets.
    static func all(of accounts: [SimulatedAccount]) -> [String: SimulatedCredential] {
        var all: [String: SimulatedCredential] = [:]
        for (index, account) in accounts.enumerated() {
            all[account.sid] = .init(account: index, password: account.authToken, kind: .token)
            all[account.mainKeySID] = .init(account: index, password: account.mainKeySecret, kind: .mainKey)
            all[account.keySID] = .init(account: index, password: account.keySecret, kind: .standardKey)
            all[account.restrictedKeySID] = .init(
                account: index, password: account.restrictedKeySecret, kind: .restrictedKey)
        }
        return all
    }
}
