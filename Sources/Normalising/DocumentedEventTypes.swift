/// The event types that Twilio documents (https://www.twilio.com/docs/usage/monitor-events#event-types).
///
/// The list is open: types that are not in it are normal. It serves to tell people what their filters match.
package enum DocumentedEventTypes {
    package static let all: [String] = """
        account-api-keys.created account-api-keys.deleted account-api-keys.updated account-auth-token.created \
        account-auth-token.deleted account-auth-token.promoted account-auth-token.secondary-created \
        account-auth-token.secondary-deleted account-auth-token.updated account-credentials.created \
        account-credentials.deleted account-credentials.updated account-keys.created account-keys.deleted \
        account-keys.updated account.created account.deleted account.updated application.created \
        application.deleted application.updated authorized-connect-app.created authorized-connect-app.deleted \
        authorized-connect-app.updated bulkexports.created bulkexports.deleted bulkexports.downloaded \
        bulkexports.updated byoc-trunk.created byoc-trunk.deleted byoc-trunk.updated call.deleted \
        call.status.updated caller-id.created caller-id.deleted caller-id.updated config.created \
        config.deleted config.updated connect-app.created connect-app.deleted connect-app.updated \
        connection-policy.created connection-policy.deleted connection-policy.updated \
        copilot-application.created copilot-application.deleted copilot-application.updated \
        copilot-number-pool.created copilot-number-pool.deleted copilot-number-pool.updated \
        data-access-policy.updated data-policy.created data-policy.deleted data-policy.updated flow.created \
        flow.deleted flow.updated interconnect-connection.created interconnect-connection.deleted \
        interconnect-connection.updated invoice-settings.created invoice-settings.deleted \
        invoice-settings.updated ip-access-control-list.created ip-access-control-list.deleted \
        ip-access-control-list.updated ip-messaging.channel.created ip-messaging.channel.deleted \
        ip-messaging.channel.updated ip-messaging.credential.created ip-messaging.credential.deleted \
        ip-messaging.credential.updated ip-messaging.member.created ip-messaging.member.deleted \
        ip-messaging.member.updated ip-messaging.message.created ip-messaging.message.deleted \
        ip-messaging.message.updated ip-messaging.role.created ip-messaging.role.deleted \
        ip-messaging.role.updated ip-messaging.service.created ip-messaging.service.deleted \
        ip-messaging.service.updated ip-messaging.user.created ip-messaging.user.deleted \
        ip-messaging.user.updated ip-record.created ip-record.deleted ip-record.updated message-body.deleted \
        message-media.created message-media.deleted message-media.deletedall message-media.updated \
        message.deleted message.updated messaging-settings.updated payment-method.created \
        payment-method.deleted payment-method.updated payment-refund.created payment-refund.deleted \
        payment-refund.updated payment.created payment.deleted payment.updated phone-number.created \
        phone-number.deleted phone-number.updated recharge-trigger.created recharge-trigger.deleted \
        recharge-trigger.updated recording.accessed recording.bulk-delete.created recording.created \
        recording.deleted recording.updated report.cloned report.updated rtc-app-config.created \
        rtc-app-config.deleted rtc-app-config.updated security-settings.created security-settings.deleted \
        security-settings.updated sender-id.country.created sender-id.country.deleted \
        sender-id.country.override_status.updated sender-id.country.status.updated sender-id.created \
        sender-id.deleted sender-id.registration.added sender-id.registration.removed sender-id.updated \
        service-record.created service-record.deleted service-record.updated shortcode.created \
        shortcode.deleted shortcode.updated sip-credential-list.created sip-credential-list.deleted \
        sip-credential-list.updated sip-domain.created sip-domain.deleted sip-domain.updated \
        sip-ip-access-control-list.created sip-ip-access-control-list.deleted \
        sip-ip-access-control-list.updated sipmanipulation.created sipmanipulation.deleted \
        sipmanipulation.updated slapchop-api.created slapchop-api.deleted slapchop-api.updated \
        sms-geographic-permissions.created sms-geographic-permissions.deleted \
        sms-geographic-permissions.updated support-plan.created support-plan.deleted support-plan.updated \
        taskrouter-rate-limit.updated transcription.accessed transcription.created transcription.deleted \
        trunk.created trunk.deleted trunk.updated usage-trigger.created usage-trigger.deleted \
        usage-trigger.updated user-invitation.created user-invitation.deleted user-invitation.updated \
        user-password.created user-password.deleted user-password.updated user-session.created \
        user-session.deleted user-session.updated user.created user.deleted user.updated \
        verify-fraud-guard-mode.updated verify-fraud-guard.updated verify-geo-permissions-sms.updated \
        verify-geo-permissions-voice.updated voice-client.created voice-client.default.deleted \
        voice-client.default.updated voice-client.deleted voice-client.updated \
        voice-geographic-permissions.created voice-geographic-permissions.deleted \
        voice-geographic-permissions.updated voice-insights-account-flags.updated voice-trace.updated \
        wireless-sim.connection.updated wireless-sim.updated
        """.split(separator: " ").map(String.init)
}
