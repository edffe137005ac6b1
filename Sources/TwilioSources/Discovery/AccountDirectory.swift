import Parsing
package import PipelineCore
import Transport

/// A subaccount, as it was listed.
package struct DiscoveredAccount: Sendable {
    package let sid: String
    package let friendlyName: String
    /// `active`, `suspended` or `closed`, as Twilio said it.
    package let status: String
    /// What its data is read with: the parent's credentials are refused for it. Nil if the answer had none.
    package let authToken: AuthToken?
}

/// An account's auth token. Prints redacted.
package struct AuthToken: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    package let value: String

    package var description: String { "redacted" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Which subaccounts an account has: `GET /2010-04-01/Accounts.json`, which needs a Main key or the auth token.
///
/// https://www.twilio.com/docs/iam/api/account
package struct AccountDirectory: Sendable {
    static let maximum = 1000

    private let line: APILine
    private let accountSID: String

    /// - Parameter line: of an API whose base URL is https://api.twilio.com or the region's own.
    /// - Parameter accountSID: the parent, which the list has too.
    package init(line: APILine, accountSID: String) {
        self.line = line
        self.accountSID = accountSID
    }

    /// All subaccounts, by SID, whatever their status.
    package func subaccounts() async throws(SourceError) -> [DiscoveredAccount] {
        let list = try line.api.baseURL.below("/2010-04-01/Accounts.json")
        // One more for the account itself.
        let items = try await ResourceReader(line: line, urgency: .catchUp)
            .items(of: list, key: "accounts", maximum: Self.maximum + 1)
        var accounts: [String: DiscoveredAccount] = [:]
        for item in items {
            guard let sid = item.string("sid"), TwilioSID.isOne(sid, "AC"), sid != accountSID else { continue }
            accounts[sid] = DiscoveredAccount(
                sid: sid, friendlyName: item.string("friendly_name") ?? "", status: item.string("status") ?? "",
                authToken: item.string("auth_token").map { AuthToken(value: $0) })
        }
        guard accounts.count <= Self.maximum else {
            throw .refused(
                reason: "\(list.origin)\(list.path) lists more than \(Self.maximum) subaccounts, so none of them was "
                    + "taken; name those that are to be collected as accounts of their own")
        }
        return accounts.values.sorted { $0.sid < $1.sid }
    }
}
