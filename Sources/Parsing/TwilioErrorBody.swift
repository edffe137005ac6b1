/// What Twilio says about a request it refused, as far as the answer tells.
///
/// Reads `{"code", "message", "more_info", "status"}` and RFC 9457's `{"type", "title", "detail", "status"}`. Of
/// anything else, HTML for one, both are nil: an `Excerpt` is what there is to show.
package struct TwilioErrorBody: Equatable, Sendable {
    /// Error bodies have a few hundred bytes; of a larger one the rest is not looked at.
    private static let readBytes = 64 << 10
    private static let messageCharacters = 500

    /// Twilio's error code, https://www.twilio.com/docs/api/errors, or the HTTP status where Twilio repeats that.
    package let code: Int?
    /// For people, with control characters as they came; at most 500 characters.
    package let message: String?

    package init(code: Int?, message: String?) {
        self.code = code
        self.message = message
    }

    package init(_ body: [UInt8]) {
        var code: Int?
        var message: String?
        var detail: String?
        var title: String?
        let read = min(body.count, Self.readBytes)
        var cursor = JSONCursor(0..<read)
        let isObject = cursor.enterObject(in: body.span)
        while isObject, let key = cursor.nextKey(in: body.span) {
            let value = body[cursor.skipValue(in: body.span)]
            switch String(decoding: body[key], as: UTF8.self) {
            case "code": code = Int(JSONString.text(value) ?? String(decoding: value, as: UTF8.self))
            case "message": message = JSONString.text(value)
            case "detail": detail = JSONString.text(value)
            case "title": title = JSONString.text(value)
            default: break
            }
        }
        self.code = code
        self.message = (message ?? detail ?? title).map { String($0.prefix(Self.messageCharacters)) }
    }
}
