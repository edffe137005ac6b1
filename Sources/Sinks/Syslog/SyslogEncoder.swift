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

    /// What records that were appended together have in common, made once for each type.
    package struct Frames {
        fileprivate struct Frame {
            /// As it stands in the JSON.
            let type: [UInt8]
            /// From the space after TIMESTAMP to the space after MSGID.
            let header: [UInt8]
            /// `" dataset="…" account="…" account_sid="…" type="…"]`
            let tail: [UInt8]
        }

        private var origin: SpooledRecord.Origin?
        private var frames: [Frame] = []
        /// Few are looked through faster than they are hashed.
        private static let most = 16

        package init() {}

        fileprivate mutating func frame(_ record: SpooledRecord, _ encoder: SyslogEncoder) -> Frame {
            let type = record.bytes[record.entry.type]
            if origin == record.origin {
                for frame in frames where frame.type.count == type.count && frame.type.elementsEqual(type) {
                    return frame
                }
                if frames.count == Self.most { frames = [] }
            } else {
                origin = record.origin
                frames = []
            }
            let frame = encoder.frame(Array(type), record.origin)
            frames.append(frame)
            return frame
        }
    }

    /// Appends one message, unframed.
    /// - Parameters:
    ///   - frames: of the same encoder's last message, or a new one.
    ///   - maximumBytes: instead of the configured, where that turned out to be too much.
    /// - Returns: whether the record had to be shortened.
    package func append(
        _ record: SpooledRecord, to output: inout [UInt8], _ frames: inout Frames, maximumBytes: Int? = nil
    ) -> Bool {
        let start = output.count
        let limit = maximumBytes ?? options.maximumBytes
        let frame = frames.frame(record, self)
        output.append(contentsOf: starts[Int(record.entry.severity.rawValue)])
        record.entry.time.appendRFC3339(to: &output)
        output.append(contentsOf: frame.header)
        let header = output.count
        output.append(contentsOf: elementStart)
        Self.appendValue(record.bytes[record.entry.id], to: &output)
        output.append(contentsOf: frame.tail)
        if limit - (output.count - start) < RecordFormat.leastMaximumBytes + 4 {
            // Whoever allows so little gets the record rather than what is said about it; the JSON has it all.
            output.removeSubrange(header...)
            output.append(UInt8(ascii: "-"))
        }
        output.append(UInt8(ascii: " "))
        if options.byteOrderMark { output.append(contentsOf: [0xEF, 0xBB, 0xBF]) }
        return options.format.append(record, to: &output, maximumBytes: limit - (output.count - start))
    }

    private func frame(_ type: [UInt8], _ origin: SpooledRecord.Origin) -> Frames.Frame {
        let plain = type.contains(UInt8(ascii: "\\")) ? JSONString.unescaped(type[...]) : type
        var header = middle
        appendMessageID(plain, origin.dataset, to: &header)
        var tail: [UInt8] = []
        for (name, value) in [
            ("dataset", Array(origin.dataset.rawValue.utf8)), ("account", Array(origin.account.utf8)),
            ("account_sid", Array(origin.accountSID.utf8)), ("type", plain),
        ] {
            tail.append(contentsOf: "\" \(name)=\"".utf8)
            Self.appendValue(value[...], to: &tail)
        }
        tail.append(contentsOf: "\"]".utf8)
        return Frames.Frame(type: type, header: header, tail: tail)
    }

    /// MSGID and the space after it: the kind of resource, which is the type up to its first dot.
    private func appendMessageID(_ type: [UInt8], _ dataset: Dataset, to output: inout [UInt8]) {
        let resource = dataset == .serverlessLogs ? type[...] : type.prefix { $0 != UInt8(ascii: ".") }
        // RFC 5424, section 6: 1*32PRINTUSASCII.
        if (1...32).contains(resource.count), resource.allSatisfy({ (33...126).contains($0) }) {
            output.append(contentsOf: resource)
        } else {
            output.append(UInt8(ascii: "-"))
        }
        output.append(UInt8(ascii: " "))
    }

    /// PARAM-VALUE (RFC 5424, section 6.3.3).
    private static func appendValue(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
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

    /// This host's name as RFC 5424 takes it; `-` if it has none that fits.
    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "-" }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        guard (1...255).contains(name.count), name.allSatisfy({ (33...126).contains($0) }) else { return "-" }
        return String(decoding: name, as: UTF8.self)
    }
}
