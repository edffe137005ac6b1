/// The commented example that packages install as `/etc/twilship/twilship.toml` and `config example` prints. A test
/// keeps it equal to `config/twilship.toml`.
package enum ExampleConfiguration {
    package static let text = #"""
        # twilship: from Twilio to your SIEM.
        #
        # Lines that begin with "#key" show the defaults, or an example where there is none: take the "#" away to change them.
        # A key belongs to the header before it, so a table's own keys come before its sub-tables.
        # After a change: `twilship check`, then `systemctl reload twilship` ([state] needs a restart).
        #
        # Durations: "500ms", "30s", "10m", "24h", "30d". Sizes: an integer of bytes, or "512 MiB", "2 GB".

        # More accounts and sinks, in files of their own; relative to this file.
        #include = ["conf.d/*.toml"]

        [[account]]
        # A label of your own. Progress is kept by SIDs, so it can be changed.
        name = "production"
        account_sid = "AC00000000000000000000000000000000"
        # An API key; without one, the account SID is used with its auth token.
        #key_sid = "SK00000000000000000000000000000000"
        # Where the secret of the key (or the auth token) is kept: never the secret itself.
        #   credential:NAME  a systemd credential, /etc/credstore/NAME
        #   file:PATH        a file that only the service's user can read
        #   env:NAME         an environment variable
        secret = "credential:production"
        # Both or neither; credentials belong to one region.
        #edge = "dublin"
        #region = "ie1"

        # Monitor Events: the account's audit trail.
        #[account.events]
        #enabled = true
        #poll_interval = "30s"
        # Records may come this late: every instant is read again, at growing ages, until it is this old...
        #overlap = "10m"
        # ...and once more at these ages, when there is nothing else to do.
        #reread_after = ["1h", "24h"]
        # The first run begins this far back, or at an instant like "2026-01-31T00:00:00Z".
        #start = "30d"
        #page_size = 1000
        # Plain http for this machine only.
        #base_url = "https://monitor.twilio.com"

        [[sink]]
        # The position is kept under this name.
        name = "archive"
        type = "file"
        # {account} {account_sid} {dataset} {date}
        path = "/var/log/twilship/{account}/{dataset}.jsonl"
        # envelope: one normalised line of JSON for each record; raw: the record as Twilio gave it.
        #format = "envelope"
        # How the envelope carries the record as Twilio gave it: object, string, none.
        #raw = "object"
        # Where a sink that is seen for the first time begins: now, oldest, or a duration back.
        #start = "now"
        # When undelivered records fill the spool: wait (polling pauses, nothing is lost), or skip (this sink gets a gap).
        #when_full = "wait"
        #rotate_bytes = "100 MiB"
        #rotate_interval = "24h"
        # Of rotated files but the newest: gzip, none.
        #compression = "gzip"
        #keep_files = 30
        #keep = "30d"
        #mode = "0640"
        # Without it: the service's own group.
        #group = "adm"

        # Which records this sink gets; without it, all. Patterns: * and ? match any characters, dots too.
        #[sink.filter]
        #datasets = ["monitor.events"]
        #accounts = ["production"]
        #types = ["account*", "user*", "security-settings.*"]
        #exclude_types = ["call.*"]
        # debug, info, notice, warning, error, critical, alert
        #min_severity = "notice"

        # How much is written at once.
        #[sink.batch]
        #max_records = 1000
        #max_bytes = "1 MiB"
        # Records are grouped behind a batch in flight only; an idle sink is written to at once.
        #max_wait = "1s"
        #in_flight = 1

        # Pauses between attempts, growing with full jitter.
        #[sink.retry]
        #initial = "1s"
        #max = "5m"

        # The spool and all progress.
        #[state]
        #directory = "/var/lib/twilship"
        # Disk for the spool.
        #max_bytes = "2 GiB"
        # Delivered records are kept up to this long for replay; they go first when space is needed.
        #retain = "72h"

        #[log]
        # trace, debug, info, notice, warning, error
        #level = "info"
        # auto: the journal if it is our stdout or stderr, else stderr; or journal, stderr.
        #target = "auto"
        # For stderr: text, json.
        #format = "text"

        # Towards Twilio; [account.network] below an account changes it for that account.
        #[network]
        # Without it: HTTPS_PROXY.
        #proxy = "http://proxy.example.com:3128"
        #no_proxy = ["localhost"]
        #ca_file = "/etc/ssl/certs/ca-certificates.crt"
        # any, 4, 6
        #ip_version = "any"

        # For each account and API; [account.rate_limit] and [account.events.rate_limit] change it there.
        #[rate_limit]
        #requests_per_second = 4
        #burst = 1
        # What shares one limit: account, environment, credential.
        #scope = "account"

        # Our own records to every sink, past all filters.
        #[heartbeat]
        # 0 = off
        #interval = "5m"

        """#
}
