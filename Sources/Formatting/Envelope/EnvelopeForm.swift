import PipelineCore

/// The envelope with something added to it or left out of it; its keys stay in their order.
struct EnvelopeForm {
    let rawStyle: RecordFormat.RawStyle

    /// Appends the line as it stands but for `raw`, which the line ends with: `,"raw":VALUE}`.
    func append(_ record: SpooledRecord, to output: inout [UInt8]) {
        let entry = record.entry
        guard !entry.raw.isEmpty, rawStyle != .object else { return output.append(contentsOf: record.line) }
        if rawStyle == .none {
            let key = #","raw":"#.utf8.count
            output.append(contentsOf: record.bytes[entry.line.lowerBound..<entry.raw.lowerBound - key])
        } else {
            output.append(contentsOf: record.bytes[entry.line.lowerBound..<entry.raw.lowerBound])
            var writer = FormWriter()
            record.raw.withUnsafeBufferPointer { writer.append(string: $0) }
            output.append(contentsOf: writer.written)
        }
        output.append(contentsOf: record.bytes[entry.raw.upperBound..<entry.line.upperBound])
    }

    func write(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        writer.append(JSONByte.openBrace)
        var reached = 0
        envelope.metadata.forEachMember { key, token in
            let name = EnvelopeKey(key)
            if name != .other {
                writeMarks(envelope, extent, from: reached, before: name.rawValue, to: &writer)
                reached = max(reached, name.rawValue)
            }
            write(name, key, token, envelope, extent, to: &writer)
        }
        writeMarks(envelope, extent, from: reached, before: EnvelopeKey.other.rawValue, to: &writer)
        writeRaw(envelope, extent, to: &writer)
        if writer.last == JSONByte.comma { writer.removeLast() }
        writer.append(JSONByte.closeBrace)
    }

    /// Writes a member with a comma behind it, if it belongs to the extent.
    private func write(
        _ name: EnvelopeKey, _ key: Text, _ token: Text, _ envelope: Envelope, _ extent: Extent,
        to writer: inout FormWriter
    ) {
        switch name {
        case .message:
            writer.append("\"message\":\"")
            let contents = token.contents ?? token.extracting(0..<0)
            writer.appendMessage { $0.append(contents.prefix(limit: extent.messageLimit)) }
            writer.append("\",")
            return
        case .tags:
            writer.append("\"tags\":")
            writer.append(tags: envelope)
        case .changes, .other:
            guard extent.hasDetails else { return }
            writeMember(key, token, to: &writer)
        default:
            guard !extent.isEssential || name.isEssential else { return }
            if extent.isEssential, let contents = token.contents {
                writeMember(key, to: &writer)
                writer.append(JSONByte.quote)
                writer.append(contents.prefix(limit: name == .id ? Extent.idLimit : Extent.essentialLimit))
                writer.append(JSONByte.quote)
            } else {
                writeMember(key, token, to: &writer)
            }
        }
        writer.append(JSONByte.comma)
    }

    private func writeMember(_ key: Text, _ token: Text? = nil, to writer: inout FormWriter) {
        writer.append(JSONByte.quote)
        writer.append(key)
        writer.append("\":")
        if let token { writer.append(token) }
    }

    /// Writes the marks whose place is between two keys.
    private func writeMarks(
        _ envelope: Envelope, _ extent: Extent, from reached: Int, before next: Int, to writer: inout FormWriter
    ) {
        func isBetween(_ mark: EnvelopeKey) -> Bool { reached < mark.rawValue && mark.rawValue < next }
        if envelope.isReplay, isBetween(.tags) {
            writer.append("\"tags\":")
            writer.append(tags: envelope)
            writer.append(JSONByte.comma)
        }
        if let length = extent.fullLength, isBetween(.truncated) {
            writer.append("\"truncated\":{\"bytes\":")
            writer.append(number: Int64(length))
            writer.append("},")
        }
    }

    private func writeRaw(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        guard extent.hasRaw, !envelope.raw.isEmpty else { return }
        switch rawStyle {
        case .none: return
        case .object:
            writer.append("\"raw\":")
            writer.append(envelope.raw)
        case .string:
            writer.append("\"raw\":")
            writer.append(string: envelope.raw)
        }
    }
}

extension FormWriter {
    /// Appends the array of the envelope's tags, `replay` as the last of them if it applies.
    mutating func append(tags envelope: Envelope) {
        guard envelope.isReplay else { return append(envelope.tags ?? ("[]" as StaticString).text) }
        if let tags = envelope.tags {
            append(tags.extracting(0..<tags.count - 1))
            append(",\"replay\"]")
        } else {
            append("[\"replay\"]")
        }
    }
}
