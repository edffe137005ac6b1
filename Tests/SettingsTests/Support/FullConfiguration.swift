/// Every key that the configuration has.
let fullConfiguration = #"""
    include = ["conf.d/*.toml"]          # more accounts and sinks; relative to this file

    [state]
    directory = "/var/lib/twilship"
    max_bytes = "2 GiB"                  # disk for the spool. Sizes: integer bytes, or "512 MiB", "2 GB"
    retain = "72h"                       # keep delivered records up to this long for replay and explain; they go first when space is needed

    [log]
    level = "info"                       # trace debug info notice warning error
    target = "auto"                      # auto: the journal if it is our stdout/stderr, else stderr; or journal, stderr
    format = "text"                      # for stderr: text or json

    [network]                            # towards Twilio; also per account, and per http sink
    proxy = "http://proxy:3128"          # default: HTTPS_PROXY; credentials only through CONNECT; .netrc never
    no_proxy = ["localhost"]
    ca_file = "/etc/ssl/certs/ca-certificates.crt"
    ip_version = "any"                   # any | 4 | 6

    [rate_limit]                         # per account and API unless scope says otherwise
    requests_per_second = 4              # Twilio allows 5 on Logs: leaves room for your own tools
    burst = 1
    scope = "account"                    # account | environment | credential

    [heartbeat]                          # our own records to every sink, past all filters
    interval = "5m"                      # 0 = off

    [metrics]
    textfile = "/var/lib/prometheus/node-exporter/twilship.prom"
    listen = "127.0.0.1:9717"            # off unless set: /metrics and /healthz

    [[account]]
    name = "production"                  # unique label; streams are kept by SIDs, so it can be renamed
    account_sid = "AC0123456789abcdef0123456789abcdef"
    key_sid = "SK0123456789abcdef0123456789abcdef"   # omit to use the account SID with its auth token
    secret = "credential:production"     # credential:NAME | file:PATH (refused if others can read it) | env:NAME ; never in the clear
    edge = "dublin"                      # both or neither
    region = "ie1"
    subaccounts = "discover"             # none | discover
    subaccount_names = ["*", "!dev-*"]   # SIDs, friendly names, globs; ! excludes
    subaccount_interval = "15m"
    api_base_url = "https://api.dublin.ie1.twilio.com"

    [account.events]                     # Monitor Events; on by default
    enabled = true
    poll_interval = "30s"
    overlap = "10m"                      # records may come this late: every instant is read again, at growing ages, until it is this old
    reread_after = ["1h", "24h"]         # and once more, at idle priority
    max_reads_per_day = 1000000          # re-reads are put off first, then polls
    start = "30d"                        # first run begins this far back, or an RFC 3339 instant
    page_size = 1000
    base_url = "https://monitor.twilio.com"          # plain http only for loopback addresses
    # edge, region, key_sid, secret, rate_limit: override the account's

    [account.logs]                       # Serverless Logs; on by default
    enabled = true
    poll_interval = "10s"
    overlap = "5m"
    reread_after = ["1h", "24h"]
    start = "24h"                        # what is left out is logged once, with the backfill line that gets it
    services = ["*", "!dev-*"]           # SIDs, unique names, globs; ! excludes
    environments = ["*"]
    discovery_interval = "5m"
    page_size = 1000
    base_url = "https://serverless.twilio.com"

    [account.alerts]                     # Monitor Alerts; off by default; keys as events
    enabled = false

    # A table's own keys come before its sub-tables.
    [[sink]]
    name = "siem"                        # unique; the position is kept under this name
    type = "syslog"                      # syslog | http | file | stdout | journal
    format = "envelope"                  # envelope | raw | ecs | ocsf | cef
    raw = "object"                       # object | string | none: how the envelope carries raw
    redact = []                          # phone email secret card
    start = "now"                        # of a sink seen for the first time: now | oldest | a duration
    when_full = "wait"                   # wait | skip
    address = "siem.example.com:6514"    # or a list, tried in order; a path for unix
    transport = "tls"                    # udp | tcp | tls | relp | relp+tls | unix
    framing = "octet-counting"           # | newline
    facility = "local0"
    hostname = "collector1"              # default: this host
    app_name = "twilship"
    sd_id = "twilship@32473"             # 32473 is the documentation number: put your own
    bom = false
    max_message_bytes = 8192             # udp 2048. Too long: raw is dropped, then message shortened; always valid JSON, marked and counted
    confirm_after = "2s"
    [sink.filter]                        # all optional; what does not match is settled as filtered
    datasets = ["monitor.events"]
    accounts = ["production"]
    types = ["account*", "user*", "security-settings.*"]   # globs on the envelope's type; * matches dots too
    exclude_types = ["call.*"]
    min_severity = "notice"
    [sink.batch]
    max_records = 1000
    max_bytes = "1 MiB"
    max_wait = "1s"                      # groups only behind a batch in flight: an idle sink is sent to at once
    in_flight = 1
    [sink.retry]
    initial = "1s"
    max = "5m"                           # exponential with full jitter; Retry-After honoured up to 15m
    [sink.tls]
    ca_file = "/etc/twilship/siem-ca.pem"   # default: the system's
    cert_file = "/etc/twilship/client.pem"
    key_file = "/etc/twilship/client.key"
    server_name = "siem.example.com"

    [[sink]]
    name = "splunk"
    type = "http"
    url = "https://splunk.example.com:8088"
    preset = "splunk_hec"                # generic | splunk_hec | elastic_bulk
    token = "credential:hec"             # sent as the preset's scheme (Splunk, ApiKey, Bearer); or basic = { user = "u", password = "env:P" }
    index = "twilio"
    sourcetype = "twilship:envelope"
    ack = true                           # HEC indexer acknowledgement
    compression = "gzip"                 # gzip | none
    headers = { "X-Team" = "secops" }    # values may be secret references; a literal Authorization is refused
    timeout = "30s"
    # generic: encoding = "ndjson" | "json_array"; hmac = { secret = "credential:sign", header = "X-Twilship-Signature" }
    #   (sha256=HEX over X-Twilship-Timestamp "." body as sent)
    # elastic_bulk: format defaults to ecs, raw to string, index to the data streams logs-twilio.audit-default and logs-twilio.function-default

    [[sink]]
    name = "archive"
    type = "file"
    path = "/var/log/twilship/{account}/{dataset}.jsonl"   # {account} {account_sid} {dataset} {date}; values encoded to [A-Za-z0-9_-.]
    rotate_bytes = "100 MiB"
    rotate_interval = "24h"
    compression = "gzip"                 # of rotated files but the newest: gzip | zstd | none
    keep_files = 30
    keep = "30d"
    mode = "0640"
    group = "adm"
    """#
