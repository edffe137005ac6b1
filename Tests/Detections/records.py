"""The records that the detections are tried on, and which detections must match each of them.

Situations that belong together lie on a day of their own, so that correlations of different ones do not meet.
"""

import datetime

ACCOUNT = "AC00000000000000000000000000000001"
REFUSED_ACCOUNT = "AC00000000000000000000000000000002"
SERVICE = "ZS00000000000000000000000000000001"
ENVIRONMENT = "ZE00000000000000000000000000000001"
USER = "US0000000000000000000000000000000a"
OTHER_USER = "US0000000000000000000000000000000b"
OWN, OTHER, DEPLOYMENT = "203.0.113.7", "198.51.100.20", "192.0.2.10"
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)


def changes(**properties):
    return {"resource_properties": {
        name: {"previous": before, "updated": after} for name, (before, after) in properties.items()
    }}


OPENED = changes(falkland_islands=("disabled", "enabled"))
CLOSED = changes(falkland_islands=("enabled", "disabled"))
KEY = ["twilio_key_after_login", "twilio_chain_credential", "twilio_key_before_planting"]
PREPARED = ["twilio_chain_preparation"]
TOKEN = ["twilio_master_credential_changed", "twilio_chain_credential"]
PLANTED = ["twilio_access_made"]
KEY_ELSEWHERE = ["twilio_api_key_from_unknown_address", *KEY]
LOGIN = ["twilio_console_session_from_unknown_address"]

# day, minute, event type, what differs, the detections (by name, else by file) that match this record and no others do
EVENTS = [
    # 1. The master credential.
    (2, 0, "account-auth-token.promoted", {}, TOKEN),
    (2, 1, "account-auth-token.secondary-created", {}, TOKEN),
    (2, 2, "account-auth-token.created", {}, TOKEN),
    (2, 3, "account-auth-token.deleted", {}, TOKEN),
    (2, 4, "account-auth-token.secondary-deleted", {}, []),
    (2, 5, "account.updated", {}, []),
    # 2. Keys: from elsewhere, from an own address, through the API.
    (3, 0, "account-api-keys.created", {"source": "web"}, KEY_ELSEWHERE),
    (3, 1, "account-keys.created", {"source": "web"}, KEY_ELSEWHERE),
    (3, 2, "account-credentials.created", {"source": "web"}, KEY_ELSEWHERE),
    (3, 3, "account-api-keys.created", {"source": "web", "source_ip_address": OWN}, KEY),
    (3, 4, "account-api-keys.created", {"source": "web", "source_ip_address": "2001:db8:1:0:0:0:0:7"}, KEY),
    (3, 5, "account-api-keys.created", {"source": "api"}, KEY),
    (3, 6, "account-api-keys.deleted", {"source": "web"}, []),
    # 3. Defences.
    (4, 0, "security-settings.deleted", {}, ["twilio_defences_lowered", *PREPARED]),
    (4, 1, "verify-fraud-guard.updated", {}, ["twilio_defences_lowered", *PREPARED]),
    (4, 2, "verify-fraud-guard-mode.updated", {}, ["twilio_defences_lowered", *PREPARED]),
    (4, 3, "usage-trigger.deleted", {}, ["twilio_defences_lowered", *PREPARED]),
    (4, 4, "security-settings.updated", {"event_data": changes(two_factor=("true", "false"))},
     ["twilio_defences_lowered", *PREPARED]),
    (4, 5, "security-settings.updated", {"event_data": changes(two_factor=("false", "true"))}, []),
    (4, 6, "usage-trigger.updated", {}, []),
    (4, 7, "security-settings.updated", {"event_data": changes(http_auth=("on", "off"))},
     ["twilio_defences_lowered", *PREPARED]),
    (4, 8, "security-settings.updated", {"event_data": changes(session_rules=("enabled", "disabled"))},
     ["twilio_defences_lowered", *PREPARED]),
    (4, 9, "security-settings.updated", {"event_data": changes(contact=("a@own.example", "b@own.example"))}, []),
    # 4. Countries.
    (5, 0, "sms-geographic-permissions.updated", {"event_data": OPENED}, ["twilio_countries_opened", *PREPARED]),
    (5, 1, "voice-geographic-permissions.updated", {"event_data": OPENED}, ["twilio_countries_opened", *PREPARED]),
    (5, 2, "verify-geo-permissions-sms.updated", {"event_data": OPENED}, ["twilio_countries_opened", *PREPARED]),
    (5, 3, "verify-geo-permissions-voice.updated", {"event_data": OPENED}, ["twilio_countries_opened", *PREPARED]),
    (5, 4, "sms-geographic-permissions.updated", {"event_data": CLOSED}, []),
    (5, 5, "sms-geographic-permissions.updated",
     {"event_data": OPENED, "source": "twilio", "actor_type": None, "actor_sid": None},
     ["twilio_countries_opened_by_twilio", *PREPARED]),
    # 6. Webhooks.
    (6, 0, "phone-number.updated", {"event_data": changes(voice_url=("https://own.example", "https://evil.example"))},
     ["twilio_webhook_moved", *PREPARED]),
    (6, 1, "phone-number.updated", {"event_data": changes(voice_application_sid=("", "AP" + "0" * 32))},
     ["twilio_webhook_moved", *PREPARED]),
    (6, 2, "application.updated", {"event_data": changes(
        status_callback_url=("", "https://own.example"), voice_url=("", "https://evil.example"))},
     ["twilio_webhook_moved"]),
    (6, 3, "flow.updated", {"event_data": changes(webhook_url=("", "https://evil.example"))}, ["twilio_webhook_moved"]),
    (6, 4, "phone-number.updated", {"event_data": changes(friendly_name=("a", "b"))}, []),
    (6, 5, "application.updated",
     {"source_ip_address": DEPLOYMENT, "event_data": changes(voice_url=("", "https://own.example"))}, []),
    # 7. Evidence: at once. The masses are below.
    (7, 0, "recording.bulk-delete.created", {}, ["twilio_evidence_destroyed"]),
    (7, 1, "message-media.deletedall", {}, ["twilio_evidence_destroyed"]),
    (7, 2, "account.deleted", {}, ["twilio_evidence_destroyed"]),
    (7, 3, "message-media.deleted", {}, []),
    (7, 4, "message-body.deleted", {}, ["twilio_record_deleted"]),
    (7, 5, "transcription.deleted", {}, ["twilio_record_deleted"]),
    # 8. Exports. The masses are below.
    (8, 0, "bulkexports.downloaded", {}, ["twilio_bulk_export"]),
    (8, 1, "bulkexports.created", {}, []),
    # 9. What is planted, without a key before; and people of Twilio.
    (9, 0, "authorized-connect-app.created", {}, PLANTED),
    (9, 1, "user.created", {"actor_type": "twilio-admin"},
     ["twilio_access_made_by_employee", "twilio_employee_action", *PLANTED]),
    (9, 2, "phone-number.created", {"actor_type": "twilio-admin"}, ["twilio_employee_action"]),
    (9, 3, "user-invitation.created", {}, PLANTED),
    (9, 4, "user-invitation.deleted", {}, []),
    # 2, together: a login from elsewhere and a key, by one user; then by two, and too late.
    (11, 0, "user-session.created", {"actor_type": "user", "actor_sid": USER, "source": "web"}, LOGIN),
    (11, 20, "account-api-keys.created", {"actor_type": "user", "actor_sid": USER, "source": "web"}, KEY_ELSEWHERE),
    (13, 0, "user-session.created", {"actor_type": "user", "actor_sid": OTHER_USER, "source": "web"}, LOGIN),
    (13, 20, "account-api-keys.created", {"actor_type": "user", "actor_sid": USER, "source": "web"}, KEY_ELSEWHERE),
    (13, 40, "account-api-keys.created", {"actor_type": "user", "actor_sid": OTHER_USER, "source": "web"},
     KEY_ELSEWHERE),
    (13, 50, "user-session.created",
     {"actor_type": "user", "actor_sid": OTHER_USER, "source": "web", "source_ip_address": OWN}, []),
    # 5, together: a token and a number that moves within two hours; then too late.
    (15, 0, "account-auth-token.promoted", {}, TOKEN),
    (15, 110, "phone-number.updated", {"event_data": changes(sms_url=("", "https://evil.example"))},
     ["twilio_webhook_moved", *PREPARED]),
    (17, 0, "account-auth-token.promoted", {}, TOKEN),
    (17, 130, "sms-geographic-permissions.updated", {"event_data": OPENED}, ["twilio_countries_opened", *PREPARED]),
    # 9, together: a key and a user within a day; then too late.
    (19, 0, "account-keys.created", {}, KEY),
    (19, 20 * 60, "user.created", {}, PLANTED),
    (22, 0, "account-keys.created", {}, KEY),
    (24, 0, "user.created", {}, PLANTED),
]
# More than 50 deletions in ten minutes by one actor; as many by two; and 60 in two hours.
EVENTS += [(25, n / 10, "recording.deleted", {}, ["twilio_record_deleted"]) for n in range(51)]
EVENTS += [
    (26, n / 10, "message.deleted", {"actor_type": "user", "actor_sid": USER if n % 2 else OTHER_USER},
     ["twilio_record_deleted"]) for n in range(60)
]
EVENTS += [(27, n * 2, "call.deleted", {}, ["twilio_record_deleted"]) for n in range(60)]
# More than 100 read in an hour; exactly 100.
EVENTS += [(28, n / 2, "recording.accessed", {}, ["twilio_recording_read"]) for n in range(101)]
EVENTS += [(29, n / 2, "transcription.accessed", {}, ["twilio_recording_read"]) for n in range(100)]

# The days (minute 0 of the first record) of which a correlation tells, with what it groups by.
CORRELATIONS = {
    "twilio_api_key_after_unknown_login": {(11, USER)},
    "twilio_takeover_chain": {(15, ACCOUNT)},
    "twilio_access_planted": {(19, ACCOUNT)},
    "twilio_mass_deletion": {(25, ACCOUNT)},
    "twilio_mass_reading": {(28, ACCOUNT)},
}

# Function logs: minute, text, detections.
LOGS = [
    (0, "signed in with password=hunter2-and-more", ["twilio_function_prints_secret"]),
    (1, "a quiet day", []),
]

# twilship's own records: type, detections. At least one of each must come.
OWN_RECORDS = {
    "twilship.gap": ["twilship_collector_blind"],
    "twilship.stream.failing": ["twilship_collector_blind"],
    "twilship.dead_letter": ["twilship_collector_blind"],
    "twilship.started": [],
}


def moment(day, minute):
    """How long ago a day is, in days from the last: day 29 is yesterday's yesterday."""
    return TODAY - datetime.timedelta(days=30 - day) + datetime.timedelta(minutes=minute)


def events():
    """(Twilio's record, the detections that match it)."""
    made = []
    for number, (day, minute, type, differences, detections) in enumerate(EVENTS):
        made.append(({
            "sid": f"AE{number:032x}", "account_sid": ACCOUNT, "actor_sid": ACCOUNT, "actor_type": "account",
            "description": None, "event_data": None,
            "event_date": moment(day, minute).strftime("%Y-%m-%dT%H:%M:%SZ"), "event_type": type,
            "resource_sid": f"PN{number:032x}", "resource_type": type.split(".")[0], "source": "api",
            "source_ip_address": OTHER, "links": {}, "url": "", **differences,
        }, detections))
    return made


def logs():
    made = []
    for number, (minute, text, detections) in enumerate(LOGS):
        made.append(({
            "sid": f"NO{number:032x}", "account_sid": ACCOUNT, "service_sid": SERVICE, "environment_sid": ENVIRONMENT,
            "build_sid": "ZB" + "0" * 32, "deployment_sid": "ZD" + "0" * 32, "function_sid": "ZH" + "0" * 32,
            "request_sid": "RQ" + "0" * 32, "level": "info", "message": text,
            "date_created": moment(29, minute).strftime("%Y-%m-%dT%H:%M:%SZ"), "url": "",
        }, detections))
    return made
