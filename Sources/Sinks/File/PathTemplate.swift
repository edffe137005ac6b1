import PipelineCore

/// A file sink's `path`: literal text with `{account}`, `{account_sid}`, `{dataset}` and `{date}`.
///
/// A value can add neither a directory nor a hidden file: see `safe(_:)`. `{date}` is the UTC day of the record's time.
package struct PathTemplate: Hashable, Sendable {
    package enum Placeholder: String, Hashable, Sendable, CaseIterable {
        case account, dataset, date
        case accountSID = "account_sid"
    }

    private enum Part: Hashable, Sendable {
        case literal(String)
        case value(Placeholder)
    }

    /// What is wrong with a path; `description` completes "path … ".
    package struct Fault: Error, CustomStringConvertible, Hashable {
        package let description: String
    }

    /// As it stands in the configuration.
    package let text: String
    private let parts: [Part]

    package init(_ text: String) throws(Fault) {
        self.text = text
        guard text.hasPrefix("/") else { throw Fault(description: "must begin with /") }
        guard text.utf8.count <= 1024 else { throw Fault(description: "is longer than 1024 bytes") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw Fault(description: "contains a control character")
        }
        let components = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = components.last, !name.isEmpty else {
            throw Fault(description: "names a directory: put a file name at its end")
        }
        guard !components.contains(where: { $0 == "." || $0 == ".." }) else {
            throw Fault(description: "contains . or ..: write the directory itself")
        }
        var parts: [Part] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                throw Fault(description: "has a brace without its partner")
            }
            if brace > rest.startIndex { parts.append(.literal(String(rest[..<brace]))) }
            let name = rest[rest.index(after: brace)..<end]
            guard let placeholder = Placeholder(rawValue: String(name)) else {
                let known = Placeholder.allCases.map { "{\($0.rawValue)}" }.joined(separator: " ")
                throw Fault(description: "has the unknown placeholder {\(name)}; known are \(known)")
            }
            parts.append(.value(placeholder))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        self.parts = parts
    }

    package var isDated: Bool { parts.contains(.value(.date)) }

    /// The path of records of `origin` at `time`.
    func path(for origin: SpooledRecord.Origin, at time: Timestamp) -> String {
        expanded(origin, date: String(time.rfc3339.prefix(10)))
    }

    /// What the files of all dates have in common: the path with `{date}` left as it is.
    func series(for origin: SpooledRecord.Origin) -> String {
        expanded(origin, date: "{date}")
    }

    private func expanded(_ origin: SpooledRecord.Origin, date: String) -> String {
        var path = ""
        for part in parts {
            switch part {
            case .literal(let text): path += text
            case .value(.account): path += Self.safe(Self.owner(origin.account))
            case .value(.accountSID): path += Self.safe(Self.owner(origin.accountSID))
            case .value(.dataset): path += Self.safe(origin.dataset.rawValue)
            case .value(.date): path += date
            }
        }
        return path
    }

    /// Records of our own may be of no account.
    private static func owner(_ account: String) -> String {
        account.isEmpty ? Dataset.twilship.rawValue : account
    }

    /// Three values of this length, a date and a rotated file's endings still fit a file name (255 bytes).
    private static let longestValue = 64

    /// `value` in [A-Za-z0-9_-.], not empty, not beginning with a dot, at most 64 bytes.
    ///
    /// A value that had to be changed gets eight digits of its checksum, so that different values stay different files.
    static func safe(_ value: String) -> String {
        var bytes: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                bytes.append(byte)
            case UInt8(ascii: ".") where !bytes.isEmpty:
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "_"))
            }
        }
        let unchanged = !bytes.isEmpty && bytes.elementsEqual(value.utf8) && bytes.count <= longestValue
        if unchanged { return value }
        let digits = String(Checksum.crc32(Array(value.utf8)[...]), radix: 16)
        let ending = "-" + String(repeating: "0", count: 8 - digits.count) + digits
        let kept = bytes.isEmpty ? [UInt8(ascii: "_")] : bytes.prefix(longestValue - ending.utf8.count)
        return String(decoding: kept, as: UTF8.self) + ending
    }
}
