extension Mistake {
    static let sinkMistakes: [Mistake] = [
        Mistake(
            "no type", at: "5:1", says: "`type` is missing",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                path = "/var/log/t.jsonl"

                """#),
        Mistake(
            "a type that does not exist", at: "7:8", says: "did you mean \"file\"?",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "fiel"
                path = "/var/log/t.jsonl"

                """#),
        Mistake(
            "a key of another type of sink", at: "9:1", says: "`facility` is a key of syslog sinks",
            in: goodAccount + fileSink + "facility = \"local0\"\n"),
        Mistake(
            "a near miss among this type", at: "9:1", says: "did you mean `rotate_bytes`?",
            in: goodAccount + fileSink + "rotate_byte = 1\n"),
        Mistake(
            "two sinks on standard output", at: "10:8",
            says: "there is one standard output, and the sink \"one\" at t.toml:7:8 has it",
            in: goodAccount + #"""
                [[sink]]
                name = "one"
                type = "stdout"
                [[sink]]
                name = "two"
                type = "stdout"

                """#),
        Mistake(
            "a key that standard output has no use for", at: "8:1", says: "`path` is a key of file sinks",
            in: goodAccount + #"""
                [[sink]]
                name = "one"
                type = "stdout"
                path = "/a"

                """#),
        Mistake(
            "no path", at: "5:1", says: "`path` is missing",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "file"

                """#),
        Mistake(
            "an unknown placeholder", at: "8:8", says: "did you mean {account}?",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "file"
                path = "/a/{acount}.jsonl"

                """#),
        Mistake(
            "a brace without its partner", at: "8:8", says: "without its partner",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "file"
                path = "/a/{account.jsonl"

                """#),
        Mistake(
            "a path with dots", at: "8:8", says: "must not contain . or ..",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "file"
                path = "/a/../b.jsonl"

                """#),
        Mistake(
            "a directory for a path", at: "8:8", says: "not a directory",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "file"
                path = "/a/"

                """#),
        Mistake(
            "a mode as a number", at: "9:8", says: "must be a text in quotes",
            in: goodAccount + fileSink + "mode = 640\n"),
        Mistake(
            "a mode that everybody can write", at: "9:8", says: "must not let everybody write",
            in: goodAccount + fileSink + "mode = \"0666\"\n"),
        Mistake(
            "a mode that is not octal", at: "9:8", says: "octal digits",
            in: goodAccount + fileSink + "mode = \"0689\"\n"),
        Mistake(
            "a mode that the owner cannot write", at: "9:8", says: "let the owner read and write",
            in: goodAccount + fileSink + "mode = \"0440\"\n"),
        Mistake(
            "a rotation too small", at: "9:16", says: "from 64 KiB",
            in: goodAccount + fileSink + "rotate_bytes = \"1 KiB\"\n"),
        Mistake(
            "fewer files than none kept", at: "9:14", says: "from 0 to",
            in: goodAccount + fileSink + "keep_files = -1\n"),
        Mistake(
            "a rotation after no time at all", at: "9:19", says: "or 0 for off",
            in: goodAccount + fileSink + "rotate_interval = \"1s\"\n"),
        Mistake(
            "two sinks with one name", at: "10:8", says: "is used twice",
            in: goodAccount + goodSink + #"""
                [[sink]]
                name = "archive"
                type = "file"
                path = "/var/log/twilship/{dataset}.jsonl"

                """#),
        Mistake(
            "two files with one path", at: "12:8", says: "two sinks cannot write the same file",
            in: goodAccount + goodSink + #"""
                [[sink]]
                name = "second"
                type = "file"
                path = "/var/log/twilship/{account}.jsonl"

                """#),
        Mistake(
            "a start that is no duration", at: "9:9", says: "must be \"now\", \"oldest\" or a duration",
            in: goodAccount + fileSink + "start = \"later\"\n"),
        Mistake(
            "raw twice over", at: "10:7", says: "has no envelope",
            in: goodAccount + fileSink + #"""
                format = "raw"
                raw = "string"

                """#),
        Mistake(
            "an unknown redaction", at: "9:11", says: "did you mean \"phone\"?",
            in: goodAccount + fileSink + "redact = [\"phones\"]\n"),
        Mistake(
            "a filter for an unknown account", at: "10:13", says: "did you mean \"production\"?",
            in: goodAccount + fileSink + #"""
                [sink.filter]
                accounts = ["prodution"]

                """#),
        Mistake(
            "a filter that nothing passes", at: "10:9", says: "nothing would match",
            in: goodAccount + fileSink + #"""
                [sink.filter]
                types = []

                """#),
        Mistake(
            "an exclamation mark in types", at: "10:10", says: "use `exclude_types`",
            in: goodAccount + fileSink + #"""
                [sink.filter]
                types = ["!call.*"]

                """#),
        Mistake(
            "a dataset that does not exist", at: "10:13", says: "did you mean \"monitor.events\"?",
            in: goodAccount + fileSink + #"""
                [sink.filter]
                datasets = ["monitor.event"]

                """#),
        Mistake(
            "a batch of too many", at: "10:15", says: "from 1 to 10000",
            in: goodAccount + fileSink + #"""
                [sink.batch]
                max_records = 10001

                """#),
        Mistake(
            "a retry that shrinks", at: "10:11", says: "is less than `initial`",
            in: goodAccount + fileSink + #"""
                [sink.retry]
                initial = "10m"

                """#),
        Mistake(
            "a batch smaller than a message", at: "11:13", says: "less than `max_message_bytes`",
            in: goodAccount + syslogSink + #"""
                max_message_bytes = 65536
                [sink.batch]
                max_bytes = "32 KiB"

                """#),
        Mistake(
            "no address", at: "5:1", says: "`address` is missing",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "syslog"

                """#),
        Mistake(
            "an address without a port", at: "8:11", says: "a host and a port",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "syslog"
                address = "siem"

                """#),
        Mistake(
            "an address that is a path", at: "8:11", says: "needs transport = \"unix\"",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "syslog"
                address = "/dev/log"

                """#),
        Mistake(
            "a unix socket that is a host", at: "8:11", says: "absolute path",
            in: goodAccount + syslogSink + "transport = \"unix\"\n"),
        Mistake(
            "framing over udp", at: "10:11", says: "`framing` is for",
            in: goodAccount + syslogSink + #"""
                transport = "udp"
                framing = "newline"

                """#),
        Mistake(
            "a datagram that does not fit", at: "10:21", says: "must be from 1408 B",
            in: goodAccount + syslogSink + #"""
                transport = "udp"
                max_message_bytes = 70000

                """#),
        Mistake(
            "TLS options without TLS", at: "10:7", says: "has no effect",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "syslog"
                address = "/dev/log"
                transport = "unix"
                [sink.tls]
                ca_file = "/a"

                """#),
        Mistake(
            "a certificate without its key", at: "10:13", says: "both `cert_file` and `key_file`",
            in: goodAccount + syslogSink + #"""
                [sink.tls]
                cert_file = "/a"

                """#),
        Mistake(
            "an SD-ID without a number", at: "9:9", says: "enterprise number",
            in: goodAccount + syslogSink + "sd_id = \"twilship\"\n"),
        Mistake(
            "an app name with a space", at: "9:12", says: "without spaces",
            in: goodAccount + syslogSink + "app_name = \"a b\"\n"),
        Mistake(
            "no url", at: "5:1", says: "`url` is missing",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "http"

                """#),
        Mistake(
            "a url with a password", at: "8:7", says: "must not contain a user or password",
            in: goodAccount + #"""
                [[sink]]
                name = "archive"
                type = "http"
                url = "https://u:hunter2@siem.example"

                """#),
        Mistake(
            "a token in the clear", at: "9:9", says: "the secret itself must not stand here",
            in: goodAccount + httpSink + "token = \"hunter2\"\n"),
        Mistake(
            "a literal Authorization", at: "9:29", says: "carries a secret",
            in: goodAccount + httpSink + "headers = { Authorization = \"Bearer hunter2\" }\n"),
        Mistake(
            "a literal API key", at: "9:25", says: "carries a secret",
            in: goodAccount + httpSink + "headers = { X-Api-Key = \"hunter2\" }\n"),
        Mistake(
            "a header of ours", at: "9:13", says: "set by twilship itself",
            in: goodAccount + httpSink + "headers = { Content-Type = \"text/plain\" }\n"),
        Mistake(
            "a header that is none", at: "9:13", says: "no valid header name",
            in: goodAccount + httpSink + "headers = { \"a b\" = \"c\" }\n"),
        Mistake(
            "acknowledgement without Splunk", at: "9:1", says: "`ack` is for preset = \"splunk_hec\"",
            in: goodAccount + httpSink + "ack = true\n"),
        Mistake(
            "a signature with a preset", at: "10:1", says: "`hmac` is for preset = \"generic\"",
            in: goodAccount + httpSink + #"""
                preset = "elastic_bulk"
                hmac = { secret = "credential:sign" }

                """#),
        Mistake(
            "a signature without its secret", at: "9:8", says: "`secret` is missing in [sink.hmac]",
            in: goodAccount + httpSink + "hmac = { header = \"X-A\" }\n"),
        Mistake(
            "an encoding with a preset", at: "11:1", says: "`encoding` is for",
            in: goodAccount + httpSink + #"""
                preset = "splunk_hec"
                token = "env:T"
                encoding = "ndjson"

                """#),
        Mistake(
            "Splunk without a token", at: "5:1", says: "the HTTP Event Collector needs one",
            in: goodAccount + httpSink + "preset = \"splunk_hec\"\n"),
        Mistake(
            "the raw endpoint of Splunk", at: "8:7", says: "/services/collector/event",
            in: goodAccount + #"""
                [[sink]]
                name = "siem"
                type = "http"
                url = "https://siem.example:8088/services/collector/raw"
                preset = "splunk_hec"
                token = "env:T"

                """#),
        Mistake(
            "an index that is no name", at: "10:9", says: "begins with a letter or digit",
            in: goodAccount + httpSink + "preset = \"elastic_bulk\"\nindex = \"logs/../x\"\n"),
        Mistake(
            "a format of text for Elasticsearch", at: "10:10", says: "needs a format of JSON",
            in: goodAccount + httpSink + "preset = \"elastic_bulk\"\nformat = \"cef\"\n"),
        Mistake(
            "two credentials", at: "10:9", says: "exclude each other",
            in: goodAccount + httpSink + #"""
                token = "env:T"
                basic = { user = "u", password = "env:P" }

                """#),
        Mistake(
            "a password in the clear", at: "9:34", says: "the secret itself must not stand here",
            in: goodAccount + httpSink + "basic = { user = \"u\", password = \"hunter2\" }\n"),
    ]
}
