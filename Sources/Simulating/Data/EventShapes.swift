/// The kinds of audit events that occur: documented types with event_data in every form that was seen.
///
/// Null, flat, under `resource_properties`, with siblings (`empty`, `previous_properties`), numbers, string booleans,
/// `updated` alone, escapes and raw UTF-8, addresses and `[REDACTED]` secrets.
struct EventShape: Sendable {
    enum Actor { case user, account, twilio, admin }

    let type: String
    let resourceType: String
    /// Two letters of the resource's SID; `AC` is the account itself, `US` the acting user.
    let resourcePrefix: String
    let actor: Actor
    let data: String

    init(
        _ type: String, _ resourcePrefix: String, _ actor: Actor, _ data: String = "null", resourceType: String? = nil
    ) {
        self.type = type
        self.resourceType = resourceType ?? String(type[..<(type.lastIndex(of: ".") ?? type.endIndex)])
        self.resourcePrefix = resourcePrefix
        self.actor = actor
        self.data = data
    }

    /// The whole record, with holes; keys in the order of recorded answers.
    var template: String {
        let actorSID =
            switch actor {
            case .user: "\"US<actor>\""
            case .account: "\"AC<account>\""
            case .twilio, .admin: "null"
            }
        let actorType =
            switch actor {
            case .user: "\"user\""
            case .account: "\"account\""
            case .admin: "\"twilio-admin\""
            case .twilio: "null"
            }
        let source =
            switch actor {
            case .user: "web"
            case .account: "api"
            case .twilio, .admin: "twilio"
            }
        let resourceSID =
            switch resourcePrefix {
            case "AC": "AC<account>"
            case "US" where actor == .user: "US<actor>"
            default: "\(resourcePrefix)<resource>"
            }
        let accountURL = "https://api.twilio.com/2010-04-01/Accounts/AC<account>"
        let collections = [
            "PN": "IncomingPhoneNumbers", "AP": "Applications", "RE": "Recordings", "MM": "Messages", "CA": "Calls",
            "SK": "Keys",
        ]
        let resourceURL =
            if resourcePrefix == "AC", actor != .twilio {
                "\"\(accountURL)\""
            } else if let collection = collections[resourcePrefix], actor != .twilio {
                "\"\(accountURL)/\(collection)/\(resourceSID)\""
            } else {
                "null"
            }
        let actorURL = actor == .account ? "\"\(accountURL)\"" : "null"
        let address = source == "twilio" ? "null" : "\"198.51.100.<ip>\""
        return """
            {"account_sid": "AC<account>", "actor_sid": \(actorSID), "actor_type": \(actorType), "description": null, \
            "event_data": \(data), "event_date": "<date>", "event_type": "\(type)", \
            "links": {"resource": \(resourceURL), "actor": \(actorURL)}, "resource_sid": "\(resourceSID)", \
            "resource_type": "\(resourceType)", "sid": "AE<sid>", "source": "\(source)", \
            "source_ip_address": \(address), "url": "https://monitor.twilio.com/v1/Events/AE<sid>"}
            """
    }

    static let all: [EventShape] = identities + telephony + settings + oddities

    private static let identities: [EventShape] = [
        .init("user-session.created", "US", .user),
        .init("user-session.created", "US", .user),
        .init("user-session.deleted", "US", .user),
        .init(
            "user.updated", "US", .user,
            #"{"resource_properties": {"friendly_name": {"previous": "old.name@example.com", "updated": "new.name@example.com"}, "email_address": {"previous": "old.name@example.com", "updated": "new.name@example.com"}}}"#
        ),
        .init(
            "user.created", "US", .account,
            #"{"resource_properties": {"friendly_name": {"updated": "Zoë Müller"}, "email_address": {"updated": "zoe.mueller@example.com"}, "role": {"updated": "developer"}}, "previous_properties": {}}"#
        ),
        .init("user.deleted", "US", .account),
        .init(
            "user-invitation.created", "IN", .user,
            #"{"resource_properties": {"email_address": {"updated": "invited.<text>@example.com"}, "expires_in": {"updated": 604800}}, "previous_properties": {}}"#
        ),
        .init(
            "user-password.updated", "US", .user,
            #"{"resource_properties": {"password": {"previous": "[REDACTED]", "updated": "[REDACTED]"}}}"#),
        .init(
            "account-api-keys.created", "SK", .account,
            #"{"resource_properties": {"status": {"updated": "Active", "previous": null}, "friendly_name": {"updated": "deploy <text>", "previous": null}, "secret": {"updated": "[REDACTED]", "previous": null}, "flags": {"updated": "REST API, Signing", "previous": null}}}"#
        ),
        .init(
            "account-api-keys.deleted", "SK", .account,
            #"{"resource_properties": {"status": {"updated": null, "previous": "Active"}, "friendly_name": {"updated": null, "previous": "autopilot_simulator_<text>"}, "secret": {"updated": null, "previous": "[REDACTED]"}, "flags": {"updated": null, "previous": "REST API, Signing"}}, "empty": false}"#
        ),
        .init("account-keys.created", "SK", .user, #"{"friendly_name": {"previous": null, "updated": "laptop"}}"#),
        .init("account-auth-token.promoted", "AC", .user),
        .init("account-auth-token.secondary-created", "AC", .user),
        .init(
            "account-credentials.created", "CR", .account,
            #"{"resource_properties": {"friendly_name": {"updated": "aws"}, "type": {"updated": "AWS"}}}"#),
        .init(
            "authorized-connect-app.created", "CN", .user,
            #"{"resource_properties": {"connect_app_friendly_name": {"updated": "Analytics & More"}, "permissions": {"updated": "get-all,post-all"}}}"#
        ),
    ]

    private static let telephony: [EventShape] = [
        .init(
            "phone-number.updated", "PN", .user,
            #"{"resource_properties": {"voice_fallback_url": {"previous": null, "updated": ""}, "voice_url": {"previous": "http://www.example.com", "updated": "http://www.example.com/hello-<text>"}}}"#
        ),
        .init(
            "phone-number.updated", "PN", .account,
            #"{"resource_properties": {"voice_url": {"previous": null, "updated": "http:\/\/www.example.com\/<text>"}}}"#
        ),
        .init("phone-number.deleted", "PN", .account),
        .init(
            "phone-number.created", "PN", .account,
            #"{"resource_properties": {"status_callback": {"updated": ""}, "status_callback_method": {"updated": "POST"}, "voice_fallback_method": {"updated": "POST"}, "voice_application_sid": {"updated": ""}, "friendly_name": {"updated": "(555) 010-0369"}, "sms_fallback_url": {"updated": ""}, "sms_application_sid": {"updated": ""}, "sms_method": {"updated": "POST"}, "voice_method": {"updated": "POST"}, "sms_fallback_method": {"updated": "POST"}, "sms_url": {"updated": ""}}, "previous_properties": {}}"#
        ),
        .init(
            "application.updated", "AP", .user,
            #"{"resource_properties": {"sms_url": {"previous": "https://a.example.com/sms", "updated": "https://b.example.net/sms?id=<text>"}}}"#
        ),
        .init("recording.accessed", "RE", .account),
        .init("recording.deleted", "RE", .account),
        .init(
            "recording.bulk-delete.created", "AC", .account,
            #"{"resource_properties": {"count": {"updated": 1284}, "before": {"updated": "2026-01-01"}}}"#,
            resourceType: "recording"),
        .init("call.deleted", "CA", .account),
        .init("message-body.deleted", "MM", .account),
        .init("message-media.deletedall", "MM", .account),
        .init("transcription.accessed", "TR", .account),
        .init(
            "bulkexports.downloaded", "BU", .account,
            #"{"resource_type": {"previous": null, "updated": "Messages"}, "day": {"previous": null, "updated": "2026-11-01"}}"#
        ),
        .init(
            "caller-id.created", "PN", .user,
            #"{"resource_properties": {"phone_number": {"updated": "+15550100451"}, "friendly_name": {"updated": "Ünïcode ☎️ +15550100451"}}}"#
        ),
        .init(
            "trunk.updated", "TK", .account,
            #"{"resource_properties": {"secure_trunk": {"previous": "true", "updated": "false"}}}"#),
        .init(
            "sip-domain.updated", "SD", .account,
            #"{"resource_properties": {"domain_name": {"previous": "a.sip.example.com", "updated": "b.sip.example.com"}}}"#
        ),
        .init(
            "sip-ip-access-control-list.updated", "AL", .account,
            #"{"resource_properties": {"ip_addresses": {"previous": ["203.0.113.0/28"], "updated": ["203.0.113.0/28", "0.0.0.0/0"]}}}"#
        ),
    ]

    private static let settings: [EventShape] = [
        .init(
            "sms-geographic-permissions.updated", "AC", .twilio,
            #"{"resource_properties": {"falkland_islands": {"previous": "disabled", "updated": "enabled"}}}"#),
        .init(
            "sms-geographic-permissions.updated", "AC", .twilio,
            #"{"resource_properties": {"south_sudan": {"previous": "disabled", "updated": "enabled"}}}"#),
        .init(
            "voice-geographic-permissions.updated", "AC", .user,
            #"{"resource_properties": {"cote_d_ivoire": {"previous": "disabled", "updated": "enabled"}, "s\u00e3o_tom\u00e9": {"previous": "disabled", "updated": "enabled"}}}"#
        ),
        .init(
            "verify-geo-permissions-sms.updated", "AC", .user,
            #"{"resource_properties": {"latvia": {"previous": "enabled", "updated": "disabled"}}}"#),
        .init(
            "verify-fraud-guard-mode.updated", "VA", .user,
            #"{"resource_properties": {"mode": {"previous": "max", "updated": "off"}}}"#),
        .init(
            "security-settings.updated", "AC", .user,
            #"{"resource_properties": {"two_factor_required": {"previous": "true", "updated": "false"}, "session_timeout_minutes": {"previous": 60, "updated": 1440}}}"#
        ),
        .init(
            "account.updated", "AC", .account,
            #"{"friendly_name": {"previous": "SubAccount Created at 2014-10-03 09:48 am", "updated": "Mr. Friendly"}}"#
        ),
        .init(
            "account.updated", "AC", .user,
            #"{"resource_properties": {"status": {"previous": "active", "updated": "suspended"}}}"#),
        .init("account.created", "AC", .account, #"{"friendly_name": {"previous": null, "updated": "Sub <text>"}}"#),
        .init("usage-trigger.deleted", "UT", .account),
        .init(
            "usage-trigger.updated", "UT", .account,
            #"{"resource_properties": {"trigger_value": {"previous": "100.0", "updated": "99999.0"}}}"#),
        .init(
            "flow.updated", "FW", .user,
            #"{"resource_properties": {"revision": {"previous": 11, "updated": 12}, "definition": {"previous": "{\"states\":[]}", "updated": "{\"states\":[{\"name\":\"Trigger\"}]}"}}}"#
        ),
        .init("copilot-application.created", "MG", .user, #"{"resource_properties": {}, "previous_properties": {}}"#),
        .init("voice-trace.updated", "AC", .admin),
        .init("support-plan.updated", "AC", .admin, #"{"plan": {"previous": "free", "updated": "premium"}}"#),
        .init(
            "payment-method.updated", "PM", .user,
            #"{"resource_properties": {"last_four": {"previous": "4242", "updated": "1881"}, "card_number": {"previous": "[REDACTED]", "updated": "[REDACTED]"}}}"#
        ),
        .init(
            "sender-id.country.status.updated", "SI", .twilio,
            #"{"resource_properties": {"status": {"previous": "pending", "updated": "approved"}, "country": {"previous": "GB", "updated": "GB"}}}"#,
            resourceType: "sender-id"),
    ]

    private static let oddities: [EventShape] = [
        .init(
            "ip-messaging.channel.updated", "CH", .account,
            #"{"resource_properties": {"friendly_name": {"previous": "line one\nline two\ttabbed", "updated": "\u001b[31mred\u001b[0m \u0000 \u202etxt.exe"}, "attributes": {"previous": "{}", "updated": "{\"n\": 1.5e3, \"quote\": \"\\\"\"}"}}}"#
        ),
        .init(
            "ip-messaging.message.updated", "IM", .account,
            #"{"resource_properties": {"body": {"previous": "日本語 \ud83d\ude00", "updated": "emoji 😀 and \u2028 separator"}}, "empty": false}"#
        ),
        .init(
            "studio.never-documented.happened", "ZZ", .user, #"{"list": [1, 2.5, true, null, {"deep": {"er": []}}]}"#),
        .init("config.updated", "CF", .account, #"{"resource_properties": null, "empty": true}"#),
        .init("report.cloned", "RP", .user, #""a plain string <text>""#),
    ]
}
