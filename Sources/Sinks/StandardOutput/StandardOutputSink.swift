package import Formatting
import Glibc
package import Logging
package import PipelineCore

/// Writes each record as one line to standard output, for the program at the other end of a pipe.
///
/// - What the pipe takes counts as delivered: nobody answers.
/// - A reader that takes nothing holds the sink up for as long as it likes, and records wait.
/// - When the reader is gone, that is told once; nothing is written any more, and what was not written stays undelivered.
/// - Lines are whole as long as there is a reader: the rest of one that a fault cut off goes first at the next attempt.
///
/// Nothing else may write there meanwhile, and the process must ignore SIGPIPE.
package actor StandardOutputSink: Sink {
    private enum Fault: Error {
        case readerGone
        /// The service stops while the reader takes nothing.
        case ending
        case failed(code: Int32)
    }

    /// What the sink has to do with the rest of the service.
    package struct Surroundings: Sendable {
        /// Whether what the reader does not take at once is to be left for the next start.
        let isEnding: @Sendable () -> Bool
        let readerIsGone: @Sendable () -> Void
        /// Makes a line harmless for a terminal; nil where none reads.
        let shown: (@Sendable (String) -> String)?

        package init(
            isEnding: @escaping @Sendable () -> Bool, readerIsGone: @escaping @Sendable () -> Void,
            shown: (@Sendable (String) -> String)? = nil
        ) {
            self.isEnding = isEnding
            self.readerIsGone = readerIsGone
            self.shown = shown
        }
    }

    /// A pipe that can be written to at all takes this much without blocking (pipe(7), PIPE_BUF).
    private static let pieceBytes = 4096
    private static let pollMilliseconds: Int32 = 100
    private static let noteStallAfter: Duration = .seconds(30)

    private let format: RecordFormat
    private let descriptor: CInt
    private let surroundings: Surroundings
    private let log: Logger
    private let executor: QueueExecutor
    /// What is left to write of the line of the record with the sequence `torn`.
    private var rest: [UInt8] = []
    /// The record that needs no writing any more once `rest` is written.
    private var torn: Int64?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    package nonisolated var guarantee: DeliveryGuarantee { .bestEffort }
    package nonisolated var outstanding: Int { 1 }
    package nonisolated var pinsBatches: Bool { false }

    package init(
        name: String, format: RecordFormat, surroundings: Surroundings, log: Logger,
        descriptor: CInt = STDOUT_FILENO
    ) {
        self.format = format
        self.descriptor = descriptor
        self.surroundings = surroundings
        var log = log
        log[metadataKey: "sink.name"] = "\(name)"
        self.log = log
        executor = QueueExecutor(label: "twilship.sink.\(name)")
    }

    package func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        var lines: [UInt8] = []
        var ends: [Int] = []
        for record in batch.records {
            if record.sequence != torn { append(record, to: &lines) }
            ends.append(lines.count)
        }
        do throws(Fault) {
            try write(&rest)
        } catch {
            return failed(error, done: 0, of: batch)
        }
        let length = lines.count
        do throws(Fault) {
            try write(&lines)
        } catch {
            let written = length - lines.count
            let done = ends.firstIndex { $0 > written } ?? ends.count
            if done > 0, batch.records[..<done].contains(where: { $0.sequence == torn }) { torn = nil }
            let lineStart = done > 0 ? ends[done - 1] : 0
            if written > lineStart {
                rest = Array(lines[..<(lines.count - (length - ends[done]))])
                torn = batch.records[done].sequence
            }
            return failed(error, done: done, of: batch)
        }
        if batch.records.contains(where: { $0.sequence == torn }) { torn = nil }
        return .accepted()
    }

    /// Standard output is the process's.
    package func close() async {}

    private func append(_ record: SpooledRecord, to lines: inout [UInt8]) {
        if let shown = surroundings.shown {
            var line: [UInt8] = []
            format.append(record, to: &line)
            lines.append(contentsOf: shown(String(decoding: line, as: UTF8.self)).utf8)
        } else {
            format.append(record, to: &lines)
        }
        lines.append(UInt8(ascii: "\n"))
    }

    private func failed(_ fault: Fault, done: Int, of batch: Batch) -> Delivery {
        let reason: String
        switch fault {
        case .readerGone:
            reason = "the reader of standard output is gone; what it did not get is delivered after the next start"
            surroundings.readerIsGone()
        case .ending:
            reason = "the reader of standard output took nothing before the end; it is delivered after the next start"
        case .failed(let code):
            reason = "cannot write to standard output: \(String(cString: strerror(code))). It is tried again."
        }
        guard done > 0 else { return .retry(reason: reason) }
        return .perRecord(
            batch.records.indices.map { $0 < done ? .accepted : .retry(reason: reason) })
    }

    /// Writes all of `bytes`; when it throws, they are what was not written.
    private func write(_ bytes: inout [UInt8]) throws(Fault) {
        var position = 0
        defer { bytes.removeFirst(position) }
        while position < bytes.count {
            try waitForRoom()
            let count = min(bytes.count - position, Self.pieceBytes)
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + position }, count)
            }
            if written > 0 {
                position += written
                continue
            }
            switch errno {
            case EINTR, EAGAIN: continue
            case EPIPE: throw .readerGone
            case let code: throw .failed(code: code)
            }
        }
    }

    /// Returns when something can be written, or writing fails at once.
    private func waitForRoom() throws(Fault) {
        let start = ContinuousClock.now
        var isNoted = false
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while poll(&place, 1, Self.pollMilliseconds) <= 0 {
            if surroundings.isEnding() || Task.isCancelled { throw .ending }
            if !isNoted, start.duration(to: .now) > Self.noteStallAfter {
                isNoted = true
                log.warning(
                    "the reader of standard output takes nothing; records wait for it, and nothing is lost",
                    metadata: ["message_id": "\(LogKind.deliveryFails)"])
            }
        }
        if isNoted {
            log.notice("standard output is read again", metadata: ["message_id": "\(LogKind.deliveryRecovered)"])
        }
    }
}
