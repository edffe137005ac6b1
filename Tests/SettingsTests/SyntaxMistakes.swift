extension Mistake {
    static let syntaxMistakes: [Mistake] = [
        Mistake(
            "three brackets", at: "3:1", says: "this line is no TOML",
            in: #"""
                [state]
                retain = "1h"
                [[[
                [log]

                """#),
        Mistake(
            "an unclosed header", at: "1:7", says: "syntax error",
            in: "[state\n"),
        Mistake(
            "a key without a value", at: "2:12", says: "saw the end of the line",
            in: #"""
                [state]
                directory =

                """#),
        Mistake(
            "a text without quotes", at: "2:13", says: "needs quotes",
            in: #"""
                [state]
                directory = /var/lib

                """#),
        Mistake(
            "an unclosed text", at: "2:22", says: "closing quote missing",
            in: #"""
                [state]
                directory = "/var/lib
                [log]

                """#),
        Mistake(
            "an unknown escape", at: "2:15", says: "syntax error",
            in: #"""
                [state]
                directory = "\q"

                """#),
        Mistake(
            "a key given twice", at: "3:10", says: "`retain` was given before",
            in: #"""
                [state]
                retain = "1h"
                retain = "2h"

                """#),
        Mistake(
            "a table given twice", at: "4:1", says: "`state` was given before",
            in: #"""
                [state]
                retain = "1h"
                [log]
                [state]

                """#),
        Mistake(
            "an integer that overflows", at: "2:29", says: "syntax error",
            in: #"""
                [rate_limit]
                burst = 99999999999999999999

                """#),
        Mistake(
            "a date that is none", at: "2:19", says: "syntax error",
            in: #"""
                [account]
                start = 2026-02-30

                """#),
        Mistake(
            "an unclosed array", at: "1:22", says: "syntax error",
            in: "include = [\"a.toml\",\n"),
        Mistake(
            "a dangling comma in an inline table", at: "1:26", says: "syntax error",
            in: "state = { retain = \"1h\", }\n"),
        Mistake(
            "a secret without quotes is not repeated", at: "2:14", says: "syntax error",
            in: #"""
                [[account]]
                secret = true0123456789

                """#),
        Mistake(
            "Windows line ends and a syntax error", at: "2:10", says: "syntax error",
            in: "[state]\r\nretain = \r\n"),
        Mistake(
            "two values on a line", at: "2:16", says: "syntax error",
            in: #"""
                [log]
                level = "info" "debug"

                """#),
        Mistake(
            "a colon for an equals sign", at: "2:6", says: "expected '=', saw ':'",
            in: #"""
                [log]
                level: "info"

                """#),
        Mistake(
            "an array where a table was", at: "3:1", says: "given before",
            in: #"""
                [state]
                retain = "1h"
                [[state]]

                """#),
        Mistake(
            "a secret with quotes in it is not repeated", at: "2:11",
            says: "syntax error in boolean: expected 'true', saw",
            in: "[[account]]\nsecret = t'hunter2'x\n"),
        Mistake(
            "a secret of digits is not repeated", at: "2:44", says: "hexadecimal integer: '…' is not representable",
            in: "[[account]]\nsecret = 0x0123456789abcdef0123456789abcdef\n"),
    ]
}
