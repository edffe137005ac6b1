/// Tries every secret of a configuration, and reports those that cannot be had where they are named.
struct SecretCheck {
    let credentialDirectories: [String]
    let context: ReadingContext
    /// Is told of secrets that whoever asks may not read; nil: these are faults like others.
    let closed: ((ClosedSecret) -> Void)?

    func check(_ settings: ResolvedSettings) {
        for account in settings.accounts {
            let credentials = [account.credential] + account.collections.map(\.credential)
            for credential in credentials {
                check(credential.secret, of: "the account \(account.name.quoted)", at: credential.origin)
            }
        }
        for sink in settings.sinks {
            guard case .http(let http) = sink.kind else { continue }
            let owner = "the sink \(sink.name.quoted)"
            switch http.authentication {
            case .none: break
            case .token(let token): check(token, of: owner, at: sink.origins["token"])
            case .basic(_, let password): check(password, of: owner, at: sink.origins["basic"])
            }
            if let signature = http.signature { check(signature.secret, of: owner, at: sink.origins["hmac"]) }
            for header in http.headers {
                if case .secret(let reference) = header.value {
                    check(reference, of: owner, at: sink.origins["headers"])
                }
            }
        }
    }

    private func check(_ reference: SecretReference, of owner: String, at location: SourceLocation) {
        if case .environment("") = reference { return }  // the stand-in for one that is at fault already
        do throws(SecretError) {
            _ = try reference.resolve(
                environment: context.environment, credentialDirectories: credentialDirectories)
        } catch {
            if let closed, case .closed(let path) = error {
                closed(ClosedSecret(location: location, owner: owner, reference: reference, path: path))
            } else {
                context.faults.add(location, "the secret of \(owner): \(error)")
            }
        }
    }
}

/// A secret that whoever asks may not read, so that nothing is known of it.
package struct ClosedSecret: Sendable, Hashable {
    package let location: SourceLocation
    /// As people are told it.
    package let owner: String
    package let reference: SecretReference
    /// Where it is, or would be.
    package let path: String
}
