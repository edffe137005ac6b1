/// The account's auth token, or an API key with its secret.
package struct TwilioCredential: Sendable, Equatable {
    /// nil: the account SID is the user name, and the secret its auth token.
    package let keySID: String?
    package let secret: SecretReference
    /// Where the secret is named.
    package let origin: SourceLocation

    package static func == (left: Self, right: Self) -> Bool {
        (left.keySID, left.secret) == (right.keySID, right.secret)
    }
}
