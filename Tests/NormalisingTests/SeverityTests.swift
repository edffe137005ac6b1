import Foundation
import Normalising
import PipelineCore
import Testing

@Suite struct `Severities of audit events` {
    private func severity(_ type: String, _ rest: String = "") throws -> Severity {
        let written = try normalise(record: #"{"sid":"AE1","event_type":"\#(type)"\#(rest)}"#)
        #expect(try written.string("severity") == written.entry.severity.name)
        return written.entry.severity
    }

    private func severity(_ type: String, changing field: String, from previous: String, to updated: String) throws
        -> Severity
    {
        try severity(
            type,
            #","event_data":{"resource_properties":{"\#(field)":{"previous":\#(previous),"updated":\#(updated)}}}"#)
    }

    @Test(arguments: [
        ("account-auth-token.promoted", Severity.critical), ("account-auth-token.secondary-deleted", .warning),
        ("security-settings.deleted", .alert), ("user-session.created", .info), ("user-session.deleted", .info),
        ("account.deleted", .alert), ("recording.deleted", .notice), ("recording.accessed", .info),
        ("usage-trigger.deleted", .critical), ("sip-ip-access-control-list.deleted", .critical),
        ("new-thing.created", .notice), ("new-thing.deleted", .warning), ("new-thing.removed", .warning),
        ("new-thing.deletedall", .warning), ("new.bulk-delete.created", .warning), ("new-thing.accessed", .notice),
        ("new-thing", .notice), ("deleted", .notice), (String(repeating: "x", count: 1000), .notice),
    ])
    func `come from the catalogue, or from the last word`(type: String, expected: Severity) throws {
        #expect(try severity(type) == expected)
    }

    @Test func `rise with a change in the dangerous direction`() throws {
        #expect(
            try severity("security-settings.updated", changing: "2fa", from: #""enabled""#, to: #""disabled""#)
                == .alert)
        #expect(try severity("security-settings.updated", changing: "2fa", from: "true", to: "false") == .alert)
        #expect(try severity("security-settings.updated", changing: "2fa", from: "false", to: "true") == .critical)
        #expect(
            try severity("sms-geographic-permissions.updated", changing: "x", from: #""disabled""#, to: #""enabled""#)
                == .critical)
        #expect(
            try severity("sms-geographic-permissions.updated", changing: "x", from: #""enabled""#, to: #""disabled""#)
                == .warning)
        #expect(try severity("user.updated", changing: "email_address", from: #""a""#, to: #""b""#) == .critical)
        #expect(try severity("user.updated", changing: "friendly_name", from: #""a""#, to: #""b""#) == .notice)
        #expect(
            try severity("account.updated", changing: "status", from: #""active""#, to: #""suspended""#) == .critical)
        #expect(try severity("account.updated", changing: "status", from: #""active""#, to: #""active""#) == .notice)
        #expect(
            try severity("phone-number.updated", changing: "voice_url", from: "null", to: #""http://x""#) == .critical)
        #expect(try severity("phone-number.updated", changing: "voice_url", from: "null", to: #""""#) == .notice)
        #expect(
            try severity("phone-number.updated", changing: "sms_application_sid", from: #""AP1""#, to: "null")
                == .critical)
        #expect(try severity("trunk.updated", changing: "secure_trunk", from: #""true""#, to: #""false""#) == .critical)
        #expect(try severity("trunk.updated", changing: "secure_trunk", from: #""false""#, to: #""true""#) == .notice)
        #expect(
            try severity("account-api-keys.created", changing: "flags", from: "null", to: #""Master Key""#) == .critical
        )
        #expect(
            try severity("account-api-keys.created", changing: "flags", from: "null", to: #""REST API""#) == .warning)
        #expect(try severity("user-password.updated", #","actor_sid":"US1","resource_sid":"US2""#) == .warning)
        #expect(try severity("user-password.updated", #","actor_sid":"US1","resource_sid":"US1""#) == .notice)
        #expect(try severity("user-password.updated", #","resource_sid":"US1""#) == .notice)
    }

    @Test func `count a change behind the hundredth`() throws {
        let properties = (0..<200).map { #""f\#($0)":{"updated":"x"},"# }.joined()
        let data =
            #","event_data":{"resource_properties":{\#(properties)"status":{"previous":"active","updated":"closed"}}}"#
        #expect(try severity("account.updated", data) == .critical)
    }

    @Test func `rise when an employee of Twilio acts, but never to error`() throws {
        let admin = #","actor_type":"twilio-admin""#
        #expect(try severity("user-session.created", admin) == .warning)
        #expect(try severity("new-thing.created", admin) == .warning)
        #expect(try severity("new-thing.deleted", admin) == .critical)
        #expect(try severity("user.created", admin) == .critical)
        #expect(try severity("account-auth-token.created", admin) == .alert)
        #expect(try severity("account.deleted", admin) == .alert)
        #expect(try severity("new-thing.created", #","actor_type":null,"source":"twilio""#) == .notice)
    }

    @Test(.enabled(if: !Samples.eventTypes.isEmpty, Samples.absence))
    func `exist for every documented type and are never error or debug`() throws {
        let allowed: Set<Severity> = [.info, .notice, .warning, .critical, .alert]
        #expect(Samples.eventTypes.count > 200)
        for type in Samples.eventTypes {
            for rest in ["", #","actor_type":"twilio-admin""#] {
                #expect(allowed.contains(try severity(type, rest)), "\(type)")
            }
        }
    }
}
