package import PipelineCore

extension RecordFormat {
    /// No record is cut below this: identity, time, severity and type take up to so many bytes in the longest format.
    package static let leastMaximumBytes = 1024

    /// Appends the record in this format, in at most `maximumBytes` bytes; a smaller limit than `leastMaximumBytes`
    /// counts as that.
    ///
    /// If it is too long, `raw` is left out, then `message` cut between two characters, then `changes` left out, then
    /// everything but who, what and when. What is left is valid in its format and says so (`truncated`, with the full
    /// length).
    ///
    /// - Returns: whether the record was shortened.
    @discardableResult
    package func append(_ record: SpooledRecord, to output: inout [UInt8], maximumBytes: Int) -> Bool {
        let record = redacted(record)
        let maximum = max(maximumBytes, Self.leastMaximumBytes)
        let start = output.count
        if appendUnread(record, to: &output) {
            if output.count - start <= maximum { return false }
            output.removeLast(output.count - start)
        }
        return record.withEnvelope { envelope in
            var writer = FormWriter()
            let isShortened = write(envelope, maximum, to: &writer)
            output.append(contentsOf: writer.written)
            return isShortened
        }
    }

    private func write(_ envelope: Envelope, _ maximum: Int, to writer: inout FormWriter) -> Bool {
        write(envelope, .full, to: &writer)
        guard writer.count > maximum else { return false }
        for var extent in Extent.steps(fullLength: writer.count) {
            writer.removeAll()
            write(envelope, extent, to: &writer)
            if writer.count <= maximum { break }
            let rest = writer.count - writer.messageBytes
            guard rest <= maximum || extent.isEssential else { continue }
            extent.messageLimit = max(0, maximum - rest)
            writer.removeAll()
            write(envelope, extent, to: &writer)
            break
        }
        return true
    }
}
