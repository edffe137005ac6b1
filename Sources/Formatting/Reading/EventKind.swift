/// What the type of an audit event says: of which kind the thing is, and what happened to it.
///
/// The list of types is open. What is not known counts as a change of configuration.
struct EventKind {
    enum Subject {
        /// The account or a subaccount itself.
        case account
        /// Keys, tokens, and whoever else may act for the account.
        case access
        /// An invitation to the console.
        case invitation
        case user, password, session
        /// Rules that protect the account.
        case policy
        /// Recordings, messages, exports: what the account holds.
        case content
        case configuration
    }

    enum Verb {
        case created, read, exported, updated, deleted, enabled, disabled, other
    }

    let subject: Subject
    let verb: Verb

    init(_ type: Text) {
        subject = Self.subject(type)
        verb = Self.verb(type)
    }

    private static func subject(_ type: Text) -> Subject {
        let first = type.extracting(0..<(type.firstIndex(of: dot) ?? type.count))
        return switch first.count {
        case 4 where first.equals("user"): .user
        case 4 where first.equals("call"): .content
        case 6 where first.equals("report"): .content
        case 7 where first.equals("account"): .account
        case 7 where first.equals("message"): .content
        case 9 where first.equals("recording"): .content
        case 11 where first.equals("bulkexports"): .content
        case 11 where first.equals("data-policy"): .policy
        case 11 where first.equals("connect-app"): .access
        case 12 where first.equals("user-session"): .session
        case 12 where first.equals("account-keys"): .access
        case 12 where first.equals("message-body"): .content
        case 12 where first.equals("support-plan"): .access
        case 12 where type.hasPrefix("ip-messaging.message."): .content
        case 13 where first.equals("user-password"): .password
        case 13 where first.equals("message-media"): .content
        case 13 where first.equals("transcription"): .content
        case 15 where first.equals("user-invitation"): .invitation
        case 16 where first.equals("account-api-keys"): .access
        case 17 where first.equals("security-settings"), 17 where first.equals("connection-policy"): .policy
        case 18 where first.equals("account-auth-token"): .access
        case 18 where first.equals("data-access-policy"), 18 where first.equals("verify-fraud-guard"): .policy
        case 19 where first.equals("account-credentials"): .access
        case 19 where first.equals("sip-credential-list"): .policy
        case 22 where first.equals("authorized-connect-app"): .access
        case 22 where first.equals("ip-access-control-list"): .policy
        case 23 where first.equals("verify-fraud-guard-mode"): .policy
        case 26 where first.equals("sms-geographic-permissions"): .policy
        case 26 where first.equals("sip-ip-access-control-list"): .policy
        case 26 where first.equals("verify-geo-permissions-sms"): .policy
        case 28 where first.equals("voice-geographic-permissions"): .policy
        case 28 where first.equals("verify-geo-permissions-voice"): .policy
        default: .configuration
        }
    }

    private static func verb(_ type: Text) -> Verb {
        // `recording.bulk-delete.created`: what was created is a deletion.
        if type.contains(".bulk-delete") { return .deleted }
        if type.hasSuffix("updated") || type.hasSuffix(".promoted") { return .updated }
        if type.hasSuffix("created") || type.hasSuffix(".added") || type.hasSuffix(".cloned") { return .created }
        if type.hasSuffix("deleted") || type.hasSuffix(".removed") || type.hasSuffix(".deletedall") { return .deleted }
        if type.hasSuffix(".accessed") { return .read }
        if type.hasSuffix(".downloaded") { return .exported }
        if type.hasSuffix(".enabled") { return .enabled }
        return type.hasSuffix(".disabled") ? .disabled : .other
    }

    private static let dot = UInt8(ascii: ".")
}
