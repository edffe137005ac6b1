import Logging
import PipelineCore
import Synchronization

/// Encodes batches, and counts what had to be shortened.
final class MessageWriter: Sendable {
    private let encoder: SyslogEncoder
    private let maximumBytes: Int
    private let log: Logger
    private let count = Atomic<Int>(0)

    init(_ options: SyslogMessageOptions, log: Logger) {
        encoder = SyslogEncoder(options)
        maximumBytes = options.maximumBytes
        self.log = log
    }

    /// Records that were sent shortened, each attempt counted, since the process started.
    var shortened: Int { count.load(ordering: .relaxed) }

    /// Calls `body` with each record's message, in order.
    func write(_ batch: Batch, _ body: (SpooledRecord, [UInt8]) -> Void) {
        var message: [UInt8] = []
        var frames = SyslogEncoder.Frames()
        for record in batch.records {
            message.removeAll(keepingCapacity: true)
            if encoder.append(record, to: &message, &frames) { noteShortened(record, to: maximumBytes) }
            body(record, message)
        }
    }

    /// Replaces `message` by the record's, of at most `maximumBytes` if given.
    func write(
        _ record: SpooledRecord, to message: inout [UInt8], _ frames: inout SyslogEncoder.Frames,
        maximumBytes: Int? = nil
    ) {
        message.removeAll(keepingCapacity: true)
        if encoder.append(record, to: &message, &frames, maximumBytes: maximumBytes) {
            noteShortened(record, to: maximumBytes ?? self.maximumBytes)
        }
    }

    private func noteShortened(_ record: SpooledRecord, to limit: Int) {
        let count = count.add(1, ordering: .relaxed).newValue
        guard count & (count - 1) == 0 else { return }
        log.notice(
            "records too long for one message are shortened; raise max_message_bytes at both ends to keep them whole",
            metadata: [
                "message_id": "\(LogKind.recordsShortened)", "record.sid": "\(record.id)",
                "max_message_bytes": "\(limit)", "shortened": "\(count)",
            ])
    }
}
