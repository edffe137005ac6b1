import Foundation
import Testing

@testable import Formatting

/// Text is escaped eight bytes at a time; whatever stands where, it must come out as if it were done byte by byte.
struct EscapingTests {
    /// Every ASCII character, and longer ones, at every place of texts of up to 20 bytes.
    private static let texts: [String] = {
        let characters = (0...127).map { String(UnicodeScalar(UInt8($0))) } + ["ü", "\u{80}", "\u{9f}", "😀", "\"\\"]
        return characters.flatMap { character in
            (0...16).flatMap { before in
                [0, 3].map { after in
                    String(repeating: "a", count: before) + character + String(repeating: "=", count: after)
                }
            }
        }
    }()

    private func written(_ text: String, _ write: (Text, inout FormWriter) -> Void) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var writer = FormWriter()
            write(bytes, &writer)
            return String(decoding: writer.written, as: UTF8.self)
        }
    }

    @Test func `a JSON string stands for what was escaped`() throws {
        for text in Self.texts {
            let json = written(text) { $1.append(string: $0) }
            #expect(json.unicodeScalars.allSatisfy { $0.value >= 32 })
            let array = try #require(try JSONSerialization.jsonObject(with: Data("[\(json)]".utf8)) as? [String])
            #expect(array[0].unicodeScalars.elementsEqual(text.unicodeScalars), "\(json)")
        }
    }

    @Test func `a CEF value escapes what the standard says, byte by byte`() {
        for text in Self.texts where !text.contains("\\") {
            let expected = text.unicodeScalars.map { scalar in
                switch scalar {
                case "\n": #"\n"#
                case "\r": #"\r"#
                case "=": #"\="#
                case _ where scalar.value < 32 || scalar.value == 127: " "
                default: String(scalar)
                }
            }.joined()
            let value = written(text) { $1.append(cefValue: $0) }
            #expect(value.unicodeScalars.elementsEqual(expected.unicodeScalars), "\(text.debugDescription)")
        }
    }
}
