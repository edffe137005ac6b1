package import Formatting
import Glibc
import Parsing
package import PipelineCore
import SystemdSupport

/// Sends each record as an entry to this machine's journal, with fields that `journalctl` can search for.
///
/// What journald's socket takes counts as delivered. journald does not say what it did with an entry, and drops what
/// exceeds its rate limit.
package actor JournalSink: Sink {
    /// Apart from the service's own lines, which are `twilship`.
    static let identifier = "twilship-record"

    private let format: RecordFormat
    private let socket: String
    private let executor: QueueExecutor

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    package nonisolated var guarantee: DeliveryGuarantee { .bestEffort }
    package nonisolated var outstanding: Int { 1 }
    package nonisolated var pinsBatches: Bool { false }

    /// - Parameter socket: where journald is looked for; entries always go to the system's.
    package init(name: String, format: RecordFormat, socket: String = JournalMessage.socket) {
        self.format = format
        self.socket = socket
        executor = QueueExecutor(label: "twilship.sink.\(name)")
    }

    package func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        for (index, record) in batch.records.enumerated() {
            // libsystemd drops entries in silence where there is no journald.
            let code = access(socket, W_OK) == 0 ? message(record).send() : errno
            guard code != 0 else { continue }
            let reason = reason(code)
            if index == 0 { return .retry(reason: reason) }
            return .perRecord(batch.records.indices.map { $0 < index ? .accepted : .retry(reason: reason) })
        }
        return .accepted()
    }

    package func close() async {}

    nonisolated func message(_ record: SpooledRecord) -> JournalMessage {
        var line: [UInt8] = []
        format.append(record, to: &line)
        var time: [UInt8] = []
        record.entry.time.appendRFC3339(to: &time)
        let type = JSONString.unescaped(record.bytes[record.entry.type])
        var message = JournalMessage()
        message.add("MESSAGE", format.message(of: record) ?? type)
        message.add("PRIORITY", "\(record.entry.severity.rawValue)".utf8)
        message.add("SYSLOG_IDENTIFIER", Self.identifier.utf8)
        message.add("SYSLOG_TIMESTAMP", time)
        message.add("TWILSHIP_TYPE", type)
        message.add("TWILSHIP_ID", JSONString.unescaped(record.bytes[record.entry.id]))
        message.add("TWILSHIP_DATASET", record.origin.dataset.rawValue.utf8)
        message.add("TWILSHIP_ACCOUNT", record.origin.account.utf8)
        message.add("TWILSHIP_ACCOUNT_SID", record.origin.accountSID.utf8)
        message.add("TWILSHIP_SEVERITY", record.entry.severity.name.utf8)
        message.add("TWILSHIP_RECORD", line)
        return message
    }

    private func reason(_ code: Int32) -> String {
        let said = String(cString: strerror(code))
        switch code {
        case ENOENT:
            return "no journald listens at \(socket): \(said). Is it running, and is the socket there for the service?"
        case EACCES, EPERM:
            return "the service may not write to \(socket): \(said). Give its user access."
        default:
            return "the journal refuses an entry: \(said). It is tried again."
        }
    }
}
