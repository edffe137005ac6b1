import PipelineCore

/// How much each kind of audit event matters to those who guard the account.
///
/// A row gives a type's severity, and what in the record itself raises it. Types without a row go by their last word.
/// Audit events are never `error`: that word is for what Functions print, so that `critical` and worse is always about
/// security. What a twilio-admin, an employee of Twilio, does is at least `warning`, and one step worse if it was that.
enum SeverityCatalogue {
    struct Row {
        let type: StaticString
        let severity: Severity
        var raise: Raise?

        init(_ type: StaticString, _ severity: Severity, _ raise: Raise? = nil) {
            self.type = type
            self.severity = severity
            self.raise = raise
        }
    }

    /// A change in the dangerous direction lifts the severity to `severity`. A direction that cannot be read changes
    /// nothing.
    struct Raise {
        let severity: Severity
        let condition: Condition

        static func alert(if condition: Condition) -> Raise { Raise(severity: .alert, condition: condition) }
        static func critical(if condition: Condition) -> Raise { Raise(severity: .critical, condition: condition) }
        static func warning(if condition: Condition) -> Raise { Raise(severity: .warning, condition: condition) }
    }

    enum Condition {
        /// Any property is now `false`, `disabled` or `off`.
        case anythingIsOff
        /// Any property went from off to on.
        case anythingWasOpened
        /// This property went from on to off.
        case wasTurnedOff(StaticString)
        case changed(StaticString)
        /// A property whose name ends like this has another value.
        case changedNameEnding([StaticString])
        /// This property's new value has one of the words in it.
        case updated(StaticString, mentions: [StaticString])
        /// Somebody did it to somebody else; both are known.
        case actorIsNotResource
    }

    static let rows = [
        Row("account-auth-token.promoted", .critical),
        Row("account-auth-token.secondary-created", .critical),
        Row("account-auth-token.created", .critical),
        Row("account-auth-token.deleted", .critical),
        Row("account-auth-token.secondary-deleted", .warning),
        Row("account-api-keys.created", .warning, .critical(if: .updated("flags", mentions: ["main", "master"]))),
        Row("account-keys.created", .warning),
        Row("account-api-keys.updated", .warning),
        Row("account-credentials.created", .warning),
        Row("authorized-connect-app.created", .critical),
        Row("security-settings.updated", .critical, .alert(if: .anythingIsOff)),
        Row("security-settings.deleted", .alert),
        Row("user-session.created", .info),
        Row("user-session.deleted", .info),
        Row("user-password.updated", .notice, .warning(if: .actorIsNotResource)),
        Row("user.created", .warning),
        Row("user.updated", .notice, .critical(if: .changed("email_address"))),
        Row("user.deleted", .warning),
        Row("user-invitation.created", .notice),
        Row("account.created", .warning),
        Row("account.updated", .notice, .critical(if: .changed("status"))),
        Row("account.deleted", .alert),
        Row("sms-geographic-permissions.updated", .warning, .critical(if: .anythingWasOpened)),
        Row("voice-geographic-permissions.updated", .warning, .critical(if: .anythingWasOpened)),
        Row("verify-geo-permissions-sms.updated", .warning, .critical(if: .anythingWasOpened)),
        Row("verify-geo-permissions-voice.updated", .warning, .critical(if: .anythingWasOpened)),
        Row("verify-fraud-guard-mode.updated", .critical, .alert(if: .anythingIsOff)),
        Row("verify-fraud-guard.updated", .critical, .alert(if: .anythingIsOff)),
        Row("usage-trigger.deleted", .critical),
        Row("usage-trigger.updated", .warning),
        Row("sip-ip-access-control-list.updated", .warning),
        Row("sip-ip-access-control-list.deleted", .critical),
        Row("ip-access-control-list.updated", .warning),
        Row("ip-access-control-list.deleted", .critical),
        Row("sip-credential-list.updated", .warning),
        Row("sip-credential-list.deleted", .critical),
        Row("recording.bulk-delete.created", .critical),
        // Everyday deletions: how many there are tells more than each one.
        Row("recording.deleted", .notice),
        Row("message-body.deleted", .notice),
        Row("message-media.deletedall", .notice),
        Row("recording.accessed", .info),
        Row("transcription.accessed", .info),
        Row("bulkexports.downloaded", .warning),
        Row(
            "phone-number.updated", .notice, .critical(if: .changedNameEnding(["_url", "_application_sid"]))),
        Row("trunk.updated", .notice, .critical(if: .wasTurnedOff("secure_trunk"))),
    ]
}
