/// What the accounts list says of an account, or what its credentials meet.
package enum AccountStatus: String, CaseIterable, Sendable {
    case active
    /// Listed so; its own requests are refused.
    case suspended
    /// As suspended, for good.
    case closed
    /// Listed as active; its credentials are not accepted any more.
    case revoked
}

/// A subaccount to be simulated: it has its own credentials, records and services.
package struct SubaccountPlan: Sendable {
    /// The index of the main account that owns it.
    package var parent: Int
    /// May repeat and hold anything, as Twilio's may.
    package var friendlyName: String
    /// When it is created, in milliseconds since 1970; nil: it was always there.
    package var from: Int64?
    /// Its status from each of these times on, oldest first; `active` before.
    package var changes: [(at: Int64, status: AccountStatus)]

    package init(
        parent: Int = 0, friendlyName: String, from: Int64? = nil, changes: [(at: Int64, status: AccountStatus)] = []
    ) {
        self.parent = parent
        self.friendlyName = friendlyName
        self.from = from
        self.changes = changes
    }

    /// Names as customers give them: repeated, empty, with slashes, control characters, marks of direction and emoji.
    package static let oddNames = [
        "Submarine", "Submarine", "eu/prod", "../../etc/passwd", "tab\tnew\nline \u{1B}[31mred", "🚀 Füße 日本語", "",
        "  spaces  ", "{account}", "nul\u{0}bell\u{7}", "\u{202E}desrever", String(repeating: "a", count: 64), "null",
        "\"quoted\" \\ back", "customer@example.com",
    ]
}

extension SimulatorOptions {
    /// Gives a main account so many subaccounts with odd names.
    package mutating func addSubaccounts(_ count: Int, of parent: Int = 0) {
        for index in 0..<count {
            let name = SubaccountPlan.oddNames[index % SubaccountPlan.oddNames.count]
            subaccounts.append(SubaccountPlan(parent: parent, friendlyName: name))
        }
    }
}
