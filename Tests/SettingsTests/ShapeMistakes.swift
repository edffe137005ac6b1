extension Mistake {
    static let shapeMistakes: [Mistake] = [
        Mistake(
            "a near miss of a key", at: "2:1", says: "did you mean `level`?",
            in: #"""
                [log]
                levl = "info"

                """# + goodAccount + goodSink),
        Mistake(
            "a key with a dash", at: "2:1", says: "did you mean `max_bytes`?",
            in: #"""
                [state]
                max-bytes = "1 GiB"

                """# + goodAccount + goodSink),
        Mistake(
            "an unknown key far from any", at: "2:1", says: "its keys are format, level, target",
            in: #"""
                [log]
                colour = "red"

                """# + goodAccount + goodSink),
        Mistake(
            "an unknown table", at: "1:2", says: "did you mean `state`?",
            in: "[stat]\n" + goodAccount + goodSink),
        Mistake(
            "account in the plural", at: "1:3", says: "did you mean [[account]]?",
            in: #"""
                [[accounts]]
                name = "x"

                """# + goodAccount + goodSink),
        Mistake(
            "a single account in single brackets", at: "1:2", says: "double brackets",
            in: #"""
                [account]
                name = "production"
                account_sid = "AC0123456789abcdef0123456789abcdef"
                secret = "credential:production"

                """# + goodSink),
        Mistake(
            "state in double brackets", at: "1:3", says: "single brackets",
            in: #"""
                [[state]]
                retain = "1h"

                """# + goodAccount + goodSink),
        Mistake(
            "a key that landed in the sub-table before it", at: "7:1",
            says: "`subaccounts` belongs in [[account]], one table up",
            in: goodAccount + #"""
                [account.events]
                page_size = 50
                subaccounts = "none"

                """# + goodSink),
        Mistake(
            "a sink's key after its filter", at: "11:1", says: "`keep_files` belongs in [[sink]], one table up",
            in: goodAccount + goodSink + #"""
                [sink.filter]
                types = ["call.*"]
                keep_files = 3

                """#),
        Mistake(
            "include below a header", at: "2:1", says: "`include` belongs at the top of the file, one table up",
            in: #"""
                [state]
                include = ["x/*.toml"]

                """# + goodAccount + goodSink),
        Mistake(
            "a key of a sub-table one level too high", at: "5:1",
            says: "`poll_interval` belongs in [account.alerts] or [account.events] or [account.logs], one table deeper",
            in: goodAccount + "poll_interval = \"10s\"\n" + goodSink),
        Mistake(
            "a key of another table", at: "2:1", says: "it belongs in [state]",
            in: #"""
                [log]
                retain = "72h"

                """# + goodAccount + goodSink),
        Mistake(
            "a dotted key with a near miss", at: "1:5", says: "did you mean `level`?",
            in: "log.levl = \"info\"\n" + goodAccount + goodSink),
        Mistake(
            "an inline table with an unknown key", at: "1:25", says: "unknown key `colour`",
            in: "log = { level = \"info\", colour = \"red\" }\n" + goodAccount + goodSink),
        Mistake(
            "a value where a table belongs", at: "1:9", says: "`state` must be a table",
            in: "state = 5\n" + goodAccount + goodSink),
        Mistake(
            "a control character in a key", at: "1:1", says: "\\u{1b}",
            in: "\"a\\u001b[31m\" = 1\n" + goodAccount + goodSink),
        Mistake(
            "no sink", at: "1:1", says: "there is no sink",
            in: goodAccount),
        Mistake(
            "no account", at: "1:1", says: "there is no account",
            in: goodSink),
        Mistake(
            "no account in an empty array", at: "1:1", says: "there is no account",
            in: "account = []\n" + goodSink),
        Mistake(
            "a near miss of a key one table up", at: "6:1",
            says: "did you mean `subaccounts`, which belongs in [[account]]?",
            in: goodAccount + #"""
                [account.events]
                subacounts = "none"

                """# + goodSink),
        Mistake(
            "a key of an account at the top", at: "1:1", says: "one table deeper",
            in: "name = \"x\"\n" + goodAccount + goodSink),
    ]
}
