extension Mistake {
    static let accountMistakes: [Mistake] = [
        Mistake(
            "no name", at: "1:1", says: "`name` is missing",
            in: #"""
                [[account]]
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "a name of another type", at: "2:8", says: "must be a text in quotes, not a date",
            in: #"""
                [[account]]
                name = 2026-01-01
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "a name that is too long", at: "2:8", says: "longer than 64 bytes",
            in: #"""
                [[account]]
                name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "no account SID", at: "1:1", says: "`account_sid` is missing",
            in: #"""
                [[account]]
                name = "production"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "no secret", at: "1:1", says: "`secret` is missing",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"

                """# + goodSink),
        Mistake(
            "a SID that is too short", at: "3:15", says: "is no account SID",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC012345"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "a SID in upper case", at: "3:15", says: "in lower case",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789ABCDEF0123456789ABCDEF"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "a key SID that is an account SID", at: "5:11", says: "is no API key SID",
            in: goodAccount + "key_sid = \"AC0123456789abcdef0123456789abcdef\"\n" + goodSink),
        Mistake(
            "a secret in the clear", at: "4:10", says: "the secret itself must not stand here",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "hunter2"

                """# + goodSink),
        Mistake(
            "a secret as a number", at: "4:10", says: "says where the secret is kept",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = 12345

                """# + goodSink),
        Mistake(
            "a credential with a path", at: "4:10", says: "plain file name",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "credential:../x"

                """# + goodSink),
        Mistake(
            "a secret file that is relative", at: "4:10", says: "must be absolute",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "file:secret"

                """# + goodSink),
        Mistake(
            "a variable with a dash", at: "4:10", says: "letters, digits and `_`",
            in: #"""
                [[account]]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "env:A-B"

                """# + goodSink),
        Mistake(
            "a region without an edge", at: "5:10", says: "`region` needs `edge`",
            in: goodAccount + "region = \"ie1\"\n" + goodSink),
        Mistake(
            "an edge without a region", at: "5:8", says: "`edge` needs `region`",
            in: goodAccount + "edge = \"dublin\"\n" + goodSink),
        Mistake(
            "an edge that is a host", at: "5:8", says: "must be a name in lower case",
            in: goodAccount + #"""
                edge = "a.b"
                region = "ie1"

                """# + goodSink),
        Mistake(
            "an account that collects nothing", at: "1:1", says: "nothing is collected",
            in: goodAccount + #"""
                [account.events]
                enabled = false
                [account.logs]
                enabled = false

                """# + goodSink),
        Mistake(
            "a page that is too large", at: "6:13", says: "from 1 to 1000",
            in: goodAccount + #"""
                [account.events]
                page_size = 1001

                """# + goodSink),
        Mistake(
            "a poll that is too fast", at: "6:17", says: "from 1s to 1d",
            in: goodAccount + #"""
                [account.events]
                poll_interval = "500ms"

                """# + goodSink),
        Mistake(
            "re-reads that do not grow", at: "6:16", says: "must grow",
            in: goodAccount + #"""
                [account.events]
                reread_after = ["24h", "1h"]

                """# + goodSink),
        Mistake(
            "a re-read that is no duration", at: "6:23", says: "is no duration",
            in: goodAccount + #"""
                [account.events]
                reread_after = ["1h", "later"]

                """# + goodSink),
        Mistake(
            "a start that is neither", at: "6:9", says: "neither a duration nor an instant",
            in: goodAccount + #"""
                [account.events]
                start = "yesterday"

                """# + goodSink),
        Mistake(
            "a start without a time zone", at: "6:9", says: "with a time zone",
            in: goodAccount + #"""
                [account.events]
                start = 2026-01-01T00:00:00

                """# + goodSink),
        Mistake(
            "plain http to another host", at: "6:12", says: "must begin with https://",
            in: goodAccount + #"""
                [account.events]
                base_url = "http://monitor.twilio.com"

                """# + goodSink),
        Mistake(
            "a base URL with a query", at: "6:12", says: "query or fragment",
            in: goodAccount + #"""
                [account.events]
                base_url = "https://monitor.twilio.com/?a=b"

                """# + goodSink),
        Mistake(
            "a base URL of another scheme", at: "6:12", says: "must begin with https://",
            in: goodAccount + #"""
                [account.events]
                base_url = "ftp://monitor.twilio.com"

                """# + goodSink),
        Mistake(
            "a base URL beside an edge", at: "6:12", says: "exclude each other",
            in: goodAccount + #"""
                [account.events]
                base_url = "https://a.example"
                edge = "dublin"
                region = "ie1"

                """# + goodSink),
        Mistake(
            "a key without its secret", at: "6:11", says: "needs its own `secret`",
            in: goodAccount + #"""
                [account.events]
                key_sid = "SK0123456789abcdef0123456789abcdef"

                """# + goodSink),
        Mistake(
            "a glob with brackets", at: "6:13", says: "only * and ?",
            in: goodAccount + #"""
                [account.logs]
                services = ["dev-[ab]"]

                """# + goodSink),
        Mistake(
            "a glob of nothing", at: "6:13", says: "is empty",
            in: goodAccount + #"""
                [account.logs]
                services = ["!"]

                """# + goodSink),
        Mistake(
            "services that are none", at: "6:12", says: "selects nothing",
            in: goodAccount + #"""
                [account.logs]
                services = []

                """# + goodSink),
        Mistake(
            "services in events", at: "6:1", says: "it belongs in [account.logs]",
            in: goodAccount + #"""
                [account.events]
                services = ["*"]

                """# + goodSink),
        Mistake(
            "a day of too few reads", at: "6:21", says: "from 1000 to",
            in: goodAccount + #"""
                [account.alerts]
                max_reads_per_day = 999

                """# + goodSink),
        Mistake(
            "a day of reads as a text", at: "6:21", says: "an integer without quotes",
            in: goodAccount + #"""
                [account.logs]
                max_reads_per_day = "10000"

                """# + goodSink),
        Mistake(
            "a day of reads for the whole account", at: "5:1", says: "one table deeper",
            in: goodAccount + "max_reads_per_day = 10000\n" + goodSink),
        Mistake(
            "names of subaccounts that nobody looks for", at: "5:1", says: "needs `subaccounts = \"discover\"`",
            in: goodAccount + "subaccount_names = [\"*\"]\n" + goodSink),
        Mistake(
            "an interval of looking for nothing", at: "6:1", says: "needs `subaccounts = \"discover\"`",
            in: goodAccount + "subaccounts = \"none\"\nsubaccount_interval = \"15m\"\n" + goodSink),
        Mistake(
            "a way of looking for subaccounts that is none", at: "5:15", says: "did you mean \"discover\"",
            in: goodAccount + "subaccounts = \"discovery\"\nsubaccount_names = [\"a\"]\n" + goodSink),
        Mistake(
            "subaccounts that are none", at: "6:20", says: "selects nothing",
            in: goodAccount + "subaccounts = \"discover\"\nsubaccount_names = []\n" + goodSink),
        Mistake(
            "a name of subaccounts with brackets", at: "6:21", says: "only * and ?",
            in: goodAccount + "subaccounts = \"discover\"\nsubaccount_names = [\"a[b]\"]\n" + goodSink),
        Mistake(
            "subaccounts looked for too often", at: "6:23", says: "from 1m to 1d",
            in: goodAccount + "subaccounts = \"discover\"\nsubaccount_interval = \"30s\"\n" + goodSink),
        Mistake(
            "an API in plain http on another host", at: "5:16", says: "must begin with https://",
            in: goodAccount + "api_base_url = \"http://api.twilio.com\"\n" + goodSink),
        Mistake(
            "two accounts with one name", at: "6:8", says: "is used twice, first at t.toml:2:8",
            in: goodAccount + #"""
                [[account]]
                name = "production"
                account_sid = "AC1123456789abcdef0123456789abcdef"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "two accounts with one SID", at: "7:15", says: "is used twice, first at t.toml:3:15",
            in: goodAccount + #"""
                [[account]]
                name = "other"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "credential:production"

                """# + goodSink),
    ]
}
