package import PipelineCore
package import Transport

/// Where the user name and password for one host come from. May be asked by many tasks at once.
package protocol CredentialProvider: Sendable {
    /// What to send now.
    /// - Throws: a sentence for the operator when there is nothing to send, such as a secret that cannot be read.
    func current() throws(SourceError) -> BasicAuth

    /// Reads the secret anew, because the server answered 401.
    /// - Returns: whether it changed.
    func refresh() -> Bool
}

/// A credential that is held in memory and stays as it is, such as the token of a subaccount.
package struct FixedCredential: CredentialProvider {
    private let auth: BasicAuth

    package init(_ auth: BasicAuth) {
        self.auth = auth
    }

    package func current() -> BasicAuth { auth }
    package func refresh() -> Bool { false }
}
