import Formatting
import Glibc
import Parsing
package import PipelineCore

/// Writes records as RFC 5424 messages.
///
///     <134>1 2026-11-21T08:00:00.123Z collector1 twilship - account [twilship@32473 id="AE…" dataset="monitor.events"
///         account="production" account_sid="AC…" type="account.updated"] {"schema":"twilship.envelope.v1",…}
///
/// - A message is never longer than `maximumBytes`, as far as the format can be shortened
///   (`RecordFormat.leastMaximumBytes`): the structured data goes before the record does.
/// - A message holds no control character: the structured data's become `?`, and JSON escapes its own.
package struct SyslogEncoder: Sendable {
    private let options: SyslogMessageOptions
    /// PRI, VERSION and the space after them, by severity.
    private let starts: [[UInt8]]
    /// From the space after TIMESTAMP to the space after PROCID.
    private let middle: [UInt8]
    /// `[SD_ID id="`.
    private let elementStart: [UInt8]

    package init(_ options: SyslogMessageOptions) {
        self.options = options
        starts = (0...Severity.debug.rawValue).map { Array("<\(options.facility * 8 + Int($0))>1 ".utf8) }
        middle = Array(" \(options.hostname ?? Self.hostName()) \(options.appName) - ".utf8)
        elementStart = Array("[\(options.structuredDataID) id=\"".utf8)
    }

    /// What belongs to records that were appended together, made once for all of them.
    package struct OriginText {
        private var origin: SpooledRecord.Origin?
        /// `" dataset="…" account="…" account_sid="…" type="`
        fileprivate var bytes: [UInt8] = []

        package init() {}

        fileprivate mutating func prepare(for origin: SpooledRecord.Origin) {
            if self.origin == origin { return }
            self.origin = origin
            bytes = Array("\" dataset=\"".utf8)
            SyslogEncoder.appendValue(Array(origin.dataset.rawValue.utf8)[...], to: &bytes)
            bytes.append(contentsOf: "\" account=\"".utf8)
            SyslogEncoder.appendValue(Array(origin.account.utf8)[...], to: &bytes)
            bytes.append(contentsOf: "\" account_sid=\"".utf8)
            SyslogEncoder.appendValue(Array(origin.accountSID.utf8)[...], to: &bytes)
            bytes.append(contentsOf: "\" type=\"".utf8)
        }
    }

    /// Appends one message, unframed.
    /// - Parameters:
    ///   - cache: of the same encoder's last message, or a new one.
    ///   - maximumBytes: instead of the configured, where that turned out to be too much.
    /// - Returns: whether the record had to be shortened.
    package func append(
        _ record: SpooledRecord, to output: inout [UInt8], _ cache: inout OriginText, maximumBytes: Int? = nil
    ) -> Bool {
        let start = output.count
        let limit = maximumBytes ?? options.maximumBytes
        let type = Self.plain(record.bytes[record.entry.type])
        output.append(contentsOf: starts[Int(record.entry.severity.rawValue)])
        record.entry.time.appendRFC3339(to: &output)
        output.append(contentsOf: middle)
        appendMessageID(type, record.origin.dataset, to: &output)
        let header = output.count
        cache.prepare(for: record.origin)
        output.append(contentsOf: elementStart)
        Self.appendValue(record.bytes[record.entry.id], to: &output)
        output.append(contentsOf: cache.bytes)
        Self.appendValue(type, to: &output)
        output.append(UInt8(ascii: "\""))
        output.append(UInt8(ascii: "]"))
        if limit - (output.count - start) < RecordFormat.leastMaximumBytes + 4 {
            // Whoever allows so little gets the record rather than what is said about it; the JSON has it all.
            output.removeSubrange(header...)
            output.append(UInt8(ascii: "-"))
        }
        output.append(UInt8(ascii: " "))
        if options.byteOrderMark { output.append(contentsOf: [0xEF, 0xBB, 0xBF]) }
        return options.format.append(record, to: &output, maximumBytes: limit - (output.count - start))
    }

    /// MSGID and the space after it: the kind of resource, which is the type up to its first dot.
    private func appendMessageID(_ type: ArraySlice<UInt8>, _ dataset: Dataset, to output: inout [UInt8]) {
        let resource = dataset == .serverlessLogs ? type : type.prefix { $0 != UInt8(ascii: ".") }
        // RFC 5424, section 6: 1*32PRINTUSASCII.
        if (1...32).contains(resource.count), resource.allSatisfy({ (33...126).contains($0) }) {
            output.append(contentsOf: resource)
        } else {
            output.append(UInt8(ascii: "-"))
        }
        output.append(UInt8(ascii: " "))
    }

    /// PARAM-VALUE (RFC 5424, section 6.3.3).
    fileprivate static func appendValue(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let isPlain = bytes.allSatisfy {
            $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "]")
        }
        if isPlain {
            output.append(contentsOf: bytes)
            return
        }
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "]"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0..<0x20, 0x7F:
                output.append(UInt8(ascii: "?"))
            default:
                output.append(byte)
            }
        }
    }

    /// The type without the escapes it may have in the JSON.
    private static func plain(_ type: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        type.contains(UInt8(ascii: "\\")) ? JSONString.unescaped(type)[...] : type
    }

    /// This host's name as RFC 5424 takes it; `-` if it has none that fits.
    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "-" }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        guard (1...255).contains(name.count), name.allSatisfy({ (33...126).contains($0) }) else { return "-" }
        return String(decoding: name, as: UTF8.self)
    }
}
