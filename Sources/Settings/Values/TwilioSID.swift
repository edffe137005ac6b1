/// Twilio's identifiers: two letters that tell the kind, and 32 hexadecimal digits in lower case.
enum TwilioSID {
    static func isWellFormed(_ text: String, prefix: String) -> Bool {
        guard text.hasPrefix(prefix), text.utf8.count == prefix.utf8.count + 32 else { return false }
        return text.utf8.dropFirst(prefix.utf8.count).allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
        }
    }
}
