extension Mistake {
    static let valueMistakes: [Mistake] = [
        Mistake(
            "an integer where a text belongs", at: "2:9", says: "`level` must be one of \"trace\"",
            in: #"""
                [log]
                level = 3

                """# + goodAccount + goodSink),
        Mistake(
            "a word that is not on the list", at: "2:9", says: "`level` must be one of trace, debug",
            in: #"""
                [log]
                level = "verbose"

                """# + goodAccount + goodSink),
        Mistake(
            "a slip in a word", at: "2:9", says: "did you mean \"warning\"?",
            in: #"""
                [log]
                level = "warnning"

                """# + goodAccount + goodSink),
        Mistake(
            "a duration as a number", at: "2:10", says: "must be a duration",
            in: #"""
                [state]
                retain = 72

                """# + goodAccount + goodSink),
        Mistake(
            "a duration without a unit", at: "2:10", says: "is no duration",
            in: #"""
                [state]
                retain = "72"

                """# + goodAccount + goodSink),
        Mistake(
            "a duration of two parts", at: "2:10", says: "is no duration",
            in: #"""
                [state]
                retain = "1h30m"

                """# + goodAccount + goodSink),
        Mistake(
            "a negative duration", at: "2:10", says: "is no duration",
            in: #"""
                [state]
                retain = "-1h"

                """# + goodAccount + goodSink),
        Mistake(
            "a duration beyond 64 bits", at: "2:10", says: "is no duration",
            in: #"""
                [state]
                retain = "99999999999999999d"

                """# + goodAccount + goodSink),
        Mistake(
            "a duration beyond its bounds", at: "2:10", says: "must be from 0s to 400d",
            in: #"""
                [state]
                retain = "401d"

                """# + goodAccount + goodSink),
        Mistake(
            "a heartbeat too fast", at: "2:12", says: "or 0 for off",
            in: #"""
                [heartbeat]
                interval = "1s"

                """# + goodAccount + goodSink),
        Mistake(
            "a size without a unit", at: "2:13", says: "is no size",
            in: #"""
                [state]
                max_bytes = "5"

                """# + goodAccount + goodSink),
        Mistake(
            "a size with a fraction", at: "2:13", says: "is no size",
            in: #"""
                [state]
                max_bytes = "1.5 GiB"

                """# + goodAccount + goodSink),
        Mistake(
            "a negative size", at: "2:13", says: "must be from 64 MiB to 16 TiB",
            in: #"""
                [state]
                max_bytes = -1

                """# + goodAccount + goodSink),
        Mistake(
            "a size beyond 64 bits", at: "2:13", says: "is no size",
            in: #"""
                [state]
                max_bytes = "99999999999999 TiB"

                """# + goodAccount + goodSink),
        Mistake(
            "a size as a float", at: "2:13", says: "must be a size",
            in: #"""
                [state]
                max_bytes = 1e9

                """# + goodAccount + goodSink),
        Mistake(
            "a relative path", at: "2:13", says: "absolute path",
            in: #"""
                [state]
                directory = "state"

                """# + goodAccount + goodSink),
        Mistake(
            "an empty text", at: "2:13", says: "absolute path",
            in: #"""
                [state]
                directory = ""

                """# + goodAccount + goodSink),
        Mistake(
            "a path with a newline", at: "2:13", says: "control characters",
            in: #"""
                [state]
                directory = "/a\nb"

                """# + goodAccount + goodSink),
        Mistake(
            "a rate of nothing", at: "2:23", says: "must be from 0.01",
            in: #"""
                [rate_limit]
                requests_per_second = 0

                """# + goodAccount + goodSink),
        Mistake(
            "a rate that is no number", at: "2:23", says: "must be from 0.01",
            in: #"""
                [rate_limit]
                requests_per_second = nan

                """# + goodAccount + goodSink),
        Mistake(
            "a rate in quotes", at: "2:23", says: "a number without quotes",
            in: #"""
                [rate_limit]
                requests_per_second = "4"

                """# + goodAccount + goodSink),
        Mistake(
            "a negative burst", at: "2:9", says: "must be from 1 to 1000",
            in: #"""
                [rate_limit]
                burst = -1

                """# + goodAccount + goodSink),
        Mistake(
            "a list of mixed types", at: "2:18", says: "texts in quotes only",
            in: #"""
                [network]
                no_proxy = ["a", 1]

                """# + goodAccount + goodSink),
        Mistake(
            "a proxy with a password", at: "2:9", says: "must not contain a user or password",
            in: #"""
                [network]
                proxy = "http://me:hunter2@proxy:3128"

                """# + goodAccount + goodSink),
        Mistake(
            "an IP version that is none", at: "2:14", says: "must be one of",
            in: #"""
                [network]
                ip_version = 5

                """# + goodAccount + goodSink),
        Mistake(
            "a listen address without a port", at: "2:10", says: "address and a port",
            in: #"""
                [metrics]
                listen = "127.0.0.1"

                """# + goodAccount + goodSink),
        Mistake(
            "a listen address that is a name", at: "2:10", says: "address and a port",
            in: #"""
                [metrics]
                listen = "metrics.example.com:9717"

                """# + goodAccount + goodSink),
        Mistake(
            "a textfile that nobody reads", at: "2:12", says: "must end in .prom",
            in: #"""
                [metrics]
                textfile = "/a/b.txt"

                """# + goodAccount + goodSink),
        Mistake(
            "a boolean in quotes", at: "6:11", says: "true or false",
            in: goodAccount + #"""
                [account.events]
                enabled = "true"

                """# + goodSink),
        Mistake(
            "a format that has no effect", at: "3:10", says: "leave it out",
            in: #"""
                [log]
                target = "journal"
                format = "json"

                """# + goodAccount + goodSink),
    ]
}
