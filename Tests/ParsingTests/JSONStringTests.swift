import Foundation
import Parsing
import Testing

@Suite struct `JSON strings` {
    @Test(arguments: [
        (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
        (#""\ud83d\ude00!""#, "😀!"), (#""\ud83d""#, "\u{FFFD}"), (#""\ude00\ud83d\ude00""#, "\u{FFFD}😀"),
        (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\u0000""#, "\0"), ("\"é\"", "é"), ("\"\"", ""),
    ])
    func `are read with their escapes`(token: String, text: String) {
        #expect(JSONString.text(Array(token.utf8)[...]) == text)
    }

    @Test(arguments: ["null", "7", "{}", "\"", ""])
    func `other tokens are none`(token: String) {
        #expect(JSONString.text(Array(token.utf8)[...]) == nil)
    }

    @Test func `are written so that they can be read again`() throws {
        let text = String((0...0x2F).map { Character(Unicode.Scalar($0)) }) + "\\\u{7F}\u{2028}é😀"
        var bytes: [UInt8] = []
        JSONString.append(text, to: &bytes)
        #expect(JSONString.text(bytes[...]) == text)
        #expect(try JSONDecoder().decode(String.self, from: Data(bytes)) == text)
        #expect(!bytes.contains { $0 < 0x20 })
    }

    @Test(arguments: [
        (#"a\ud83d"#, #"a\ufffd"#), (#"\ude00b"#, #"\ufffdb"#), (#"\\ud83d"#, #"\\ud83d"#),
        (#"x\ud83d\ude00y\ud83d\n"#, #"x\ud83d\ude00y\ufffd\n"#), ("abc", "abc"),
        (#"\ud83d\ud83d\ude00"#, #"\ufffd\ud83d\ude00"#),
    ])
    func `lose halves of surrogate pairs and nothing else`(contents: String, whole: String) {
        let bytes = Array(contents.utf8)
        #expect(String(decoding: JSONString.withoutHalfPairs(bytes.span), as: UTF8.self) == whole)
        #expect(JSONString.hasHalfPair(bytes.span) == (contents != whole))
    }

    @Test func `are cut between characters`() {
        let contents = Array(#"é\n\u00e9\ud83d\ude00€"#.utf8)
        let cuts = (0...contents.count).map { JSONString.prefixLength(of: contents.span, limit: $0) }
        #expect(Set(cuts) == [0, 2, 4, 10, 22, 25])
        #expect(zip(cuts, 0...).allSatisfy { $0 <= $1 })
    }

    @Test func `keep their blanks when JSON is put on one line`() {
        var line: [UInt8] = []
        JSONText.appendOneLine(Array("{ \"a b\" :\r\n\t[ 1 ] }".utf8).span, to: &line)
        JSONText.appendOneLine(Array(#"{ "a b" : [ 1 ] }"#.utf8).span, to: &line)
        #expect(String(decoding: line, as: UTF8.self) == #"{"a b":[1]}{ "a b" : [ 1 ] }"#)
    }
}

@Suite struct `Twilio's error bodies` {
    @Test(
        arguments: [
            (#"{"code":20003,"message":"Authenticate","more_info":"x","status":401}"#, 20003, "Authenticate"),
            (#" {"message":"not found","status":404}"#, nil, "not found"),
            (#"{"type":"x","title":"Bad","detail":"It is \"bad\"","status":400}"#, nil, #"It is "bad""#),
            (#"{"title":"Bad","code":"70051"}"#, 70051, "Bad"), (#"{"code":null,"message":null}"#, nil, nil),
            (#"{"code":99999999999999999999,"message":{"a":"b"}}"#, nil, nil), (#"{"code":1"#, 1, nil),
            ("<html>{\"code\":1}</html>", nil, nil), ("", nil, nil), ("[", nil, nil), (#"{"message":"cut"#, nil, nil),
        ] as [(String, Int?, String?)])
    func `are read as far as they can be`(body: String, code: Int?, message: String?) {
        #expect(TwilioErrorBody(Array(body.utf8)) == TwilioErrorBody(code: code, message: message))
    }

    @Test func `are read up to a limit`() {
        let body = #"{"message":""# + String(repeating: "x", count: 10_000) + #""}"#
        #expect(TwilioErrorBody(Array(body.utf8)).message?.count == 500)
        #expect(TwilioErrorBody(Array(repeating: UInt8(ascii: "{"), count: 1_000_000)).message == nil)
    }

    @Test func `never trap, whatever they hold`() {
        var random = SeededRandom(seed: 3)
        let alphabet = Array(#"{}[]",:\u12 ntrue"code""#.utf8)
        for _ in 0..<5000 {
            let body = (0..<40).compactMap { _ in alphabet.randomElement(using: &random) }
            let read = TwilioErrorBody(Array("{\"message\":".utf8) + body)
            #expect((read.message?.utf8.count ?? 0) <= 500)
        }
    }
}
