/// The kinds of lines that Functions print: levels as they were seen, messages as customers write them.
enum LogShape {
    /// A line of that kind with the function that printed it, and without one.
    struct Template {
        let text: String
        var withoutFunction: String { text.replacing("\"ZH<function>\"", with: "null") }
    }

    static let templates: [Template] = lines.map { template(level: $0, message: $1) } + sparse

    private static let lines: [(level: String, message: String)] = [
        (#""info""#, #""request <request> finished in 231 ms, status 200, cold start: false""#),
        (#""info""#, #""{\"event\":\"order.created\",\"order\":\"<text>\",\"total\":129.95,\"currency\":\"EUR\"}""#),
        (#""info""#, #""sending SMS to +15550100451 from +15550100369: your code is 493817""#),
        (#""info""#, #""Füße, naïve, 日本語, 😀 \ud83d\ude80""#),
        (#""info""#, #""line one\nline two\r\n\tline three""#),
        (#""info""#, #""""#),
        (#""INFO""#, #""Test Log""#),
        (#""warn""#, #""This is a warning""#),
        (#""warning""#, #""[DEP0018] DeprecationWarning: Unhandled promise rejections are deprecated. <text>""#),
        (#""warn""#, #""\u001b[33mretrying\u001b[0m https:\/\/api.example.com\/v2\/orders\/<text> (attempt 2 of 5)""#),
        (
            #""error""#,
            #""UnhandledPromiseRejectionWarning: Unhandled promise rejection: TypeError: Cannot read property 'services' of undefined at get_wait_time (/var/task/handlers/ZN<text>.js:40:33) at processTicksAndRejections (internal/process/task_queues.js:97:5)""#
        ),
        (
            #""error""#,
            #""Error: connect ETIMEDOUT 203.0.113.7:443\n    at TCPConnectWrap.afterConnect [as oncomplete] (net.js:1141:16) {\n  errno: 'ETIMEDOUT',\n  code: 'ETIMEDOUT'\n}""#
        ),
        (#""error""#, #""token leaked: Bearer eyJhbGciOiJIUzI1NiJ9.<text>.sig and SK<text>""#),
        (
            #""info""#,
            #""ends of the \u0000 \u0007 \u007f alphabet, \u202eright to left\u202c, \"quotes\", back\\slash""#
        ),
        (#""info""#, #""ne 4711 of a longer invocation whose beginning was cut away: \#(repeated)""#),
        ("null", #""a line without a level""#),
    ]

    /// A line that is printed before the function is known, and one whose message is null.
    private static let sparse: [Template] = [
        template(level: #""error""#, message: #""Build <build> could not be started""#),
        template(level: #""info""#, message: "null"),
    ]

    private static let repeated = Array(repeating: "item <text> done;", count: 12).joined(separator: " ")

    private static func template(level: String, message: String) -> Template {
        Template(
            text: """
                {"sid": "NO<sid>", "account_sid": "AC<account>", "service_sid": "ZS<service>", \
                "environment_sid": "ZE<environment>", "build_sid": "ZB<build>", "deployment_sid": "ZD<deployment>", \
                "function_sid": "ZH<function>", "request_sid": "RQ<request>", "level": \(level), "message": \(message), \
                "date_created": "<date>", "url": "https://serverless.twilio.com/v1/Services/ZS<service>/Environments/\
                ZE<environment>/Logs/NO<sid>"}
                """)
    }

    /// Whether the template at this index names a function.
    static func hasFunction(_ index: Int) -> Bool { index != lines.count }
}
