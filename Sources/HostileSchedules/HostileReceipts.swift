import PipelineCore
import Spooling

/// What is promised of deliveries, held against what each receiver has at the end.
///
/// - Every record in the spool is at every receiver, or a dead letter there; and a dead letter only if the receiver
///   has refused that very record. One that was refused, and nothing taken since, still waits.
/// - A receiver has a record twice only if an answer was lost, or a session ended between its answer and the settling:
///   then at most what was on its way.
/// - Nothing but what is in the spool arrives, byte for byte as it is there, and a batch's key always stands for the
///   same records.
/// - Where nothing is refused and no answer lost, an account's audit events arrive in the spool's order.
struct HostileReceipts {
    let receiver: HostileReceiver
    let spooled: [SpooledRecord]
    let deadLetters: [DeadLetter]
    let backlog: Int64
    let sessions: Int

    func problems() -> [String] {
        let name = receiver.character.name
        var problems = receiver.problems
        let receipts = receiver.receipts
        var lines: [Int64: ArraySlice<UInt8>] = [:]
        for record in spooled { lines[record.sequence] = record.line }
        if let foreign = receipts.first(where: { lines[$0.record.sequence] != $0.record.line }) {
            problems.append("\(name) GOT WHAT IS NOT IN THE SPOOL: \(foreign.record.id)")
        }
        let received = Dictionary(grouping: receipts, by: \.record.sequence)
        let dead = Set(deadLetters.map(\.sequence))
        let left = spooled.filter { received[$0.sequence] == nil && !dead.contains($0.sequence) }
        // What is refused alone waits for something else to be accepted.
        func isWaiting(_ record: SpooledRecord) -> Bool { receiver.isPoison(record) && receiver.isUndecided(record) }
        let waiting = left.count(where: isWaiting)
        for record in left where !isWaiting(record) {
            problems.append("\(name) NEVER GOT \(record.id), number \(record.sequence)")
            if problems.count > 3 { break }
        }
        for record in spooled where dead.contains(record.sequence) && !receiver.hasRefused(record) {
            problems.append("\(name) NEVER REFUSED \(record.id), but it is a dead letter")
        }
        if backlog != waiting { problems.append("\(name) HAS A BACKLOG of \(backlog) at the end") }
        return problems + doubles(received) + disorder(receipts)
    }

    private func doubles(_ received: [Int64: [HostileReceiver.Receipt]]) -> [String] {
        let name = receiver.character.name
        var acknowledgedAgain = 0
        for (sequence, receipts) in received {
            let acknowledged = receipts.filter(\.isAcknowledged)
            for (_, inSession) in Dictionary(grouping: acknowledged, by: \.session) where inSession.count > 1 {
                return ["\(name) GOT NUMBER \(sequence) \(inSession.count) TIMES in one session, though it answered"]
            }
            if acknowledged.count > 1 { acknowledgedAgain += acknowledged.count - 1 }
        }
        let outstanding = receiver.character.confirmsLate ? 16 : receiver.character.inFlight
        let bound = (sessions - 1) * (outstanding + 1) * receiver.character.maximumRecords
        return acknowledgedAgain <= bound
            ? [] : ["\(name) GOT \(acknowledgedAgain) RECORDS AGAIN, more than the \(bound) that were on their way"]
    }

    private func disorder(_ receipts: [HostileReceiver.Receipt]) -> [String] {
        guard receiver.character.isOrderly, !receiver.character.confirmsLate else { return [] }
        var last: [SpooledRecord.Origin: Int64] = [:]
        var seen: Set<Int64> = []
        for receipt in receipts where receipt.record.origin.dataset == .monitorEvents {
            guard seen.insert(receipt.record.sequence).inserted else { continue }
            if let before = last[receipt.record.origin], before > receipt.record.sequence {
                return [
                    "\(receiver.character.name) GOT NUMBER \(receipt.record.sequence) AFTER \(before) of the same stream"
                ]
            }
            last[receipt.record.origin] = receipt.record.sequence
        }
        return []
    }
}
