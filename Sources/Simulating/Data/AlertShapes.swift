/// The kinds of alerts that occur: texts as forms, as sentences and null, with and without a request.
struct AlertShape: Sendable {
    let level: String
    let code: String
    /// JSON, each of them.
    let text: String
    let resource: String
    let service: String
    let method: String
    let url: String
    let version: String
    let updated: String

    init(
        _ level: String, _ code: String, _ text: String, resource: String, service: String = "null",
        method: String = "null", url: String = "null", version: String = "null", updated: String = "\"<created>\""
    ) {
        self.level = level
        self.code = code
        self.text = text
        self.resource = resource
        self.service = service
        self.method = method
        self.url = url
        self.version = version
        self.updated = updated
    }

    /// The record's members with holes; keys in the order of recorded answers.
    var members: String {
        """
        "sid": "NO<sid>", "account_sid": "AC<account>", "service_sid": \(service), "resource_sid": \(resource), \
        "log_level": "\(level)", "error_code": "\(code)", \
        "more_info": "https://www.twilio.com/docs/errors/\(code)", "alert_text": \(text), \
        "request_method": \(method), "request_url": \(url), "api_version": \(version), \
        "date_created": "<created>", "date_generated": "<date>", "date_updated": \(updated), \
        "url": "https://monitor.twilio.com/v1/Alerts/NO<sid>"
        """
    }

    /// What only the answer about one alert has.
    static let details = #"""
        "request_variables": "AccountSid=AC<account>&CallStatus=in-progress&Called=5550100451&Caller=5550100000", \#
        "request_headers": null, "response_headers": "Vary=Accept-Encoding&Content-Length=91", \#
        "response_body": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n\t<Play>4min19secs.mp3</Play>\n</Response>\n"
        """#

    static let all: [AlertShape] = [
        .init(
            "error", "11205",
            #""EmailNotification=false&LogLevel=ERROR&sourceComponent=13400&Msg=HTTP+Connection+Failure+-+"#
                + #"Read+timed+out&ErrorCode=11205&url=4min19secs.mp3""#,
            resource: "\"CA<resource>\"", method: "\"POST\"", url: "\"http://demo.example.com/welcome\"",
            version: "\"2008-08-01\""),
        .init("error", "80408", "null", resource: "\"KS<resource>\"", service: "\"KS<resource>\"", updated: "null"),
        .init(
            "warning", "21215", #""Geo Permission configuration is not permitting SMS to +1555010xxxx.""#,
            resource: "\"SM<resource>\"",
            url: "\"https://api.twilio.com/2010-04-01/Accounts/AC<account>/Messages.json\""),
        .init(
            "error", "82002", #""error - 82002 Twilio Function <text> ended with status 500: line one\nline two""#,
            resource: "\"ZS<service>\"", service: "\"ZS<service>\"", method: "\"GET\"",
            url: "\"https://service-1-1234.example.com/hello?name=F%C3%BC%C3%9Fe\""),
        .init("notice", "30007", #""Message filtered, carrier 日本語 😀""#, resource: "\"SM<resource>\""),
        .init("debug", "13224", #""""#, resource: "null"),
        .init(
            "warning", "12300", #""Msg=Invalid+Content-Type&parserMessage=cvc-complex-type\u00003+<text>""#,
            resource: "\"CA<resource>\"", method: "\"POST\"", url: "\"https://example.com/voice?token=<text>\"",
            version: "\"2010-04-01\""),
    ]
}
