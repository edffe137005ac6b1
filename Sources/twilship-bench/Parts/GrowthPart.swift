import Foundation
import PipelineCore

/// What comparing and appending costs as ledger and spool grow: full records, every append synced.
struct GrowthPart {
    /// How many records there are in the end.
    let records: Int

    private static let perWindow = 1_000
    /// Of each measurement.
    private static let windows = 100

    func measure(_ workshop: Workshop) async throws -> [Figure] {
        let folder = try workshop.newFolder()
        defer { workshop.remove(folder) }
        let spool = try await BenchSpool(folder: folder, block: Self.block)
        var figures: [Figure] = []
        var number = 0
        var size = 10_000
        while size <= records {
            while number < size / Self.perWindow {
                try await spool.append(number)
                number += 1
            }
            let watch = Stopwatch()
            for _ in 0..<Self.windows {
                try await spool.append(number)
                number += 1
            }
            figures.append(watch.figure(.growth, "at \(size) records", records: Self.windows * Self.perWindow))
            size *= 10
        }
        try await spool.close()
        return figures
    }

    /// Lines as long as those of logs.
    private static let block: EnvelopeBlock = {
        var block = EnvelopeBlock()
        let line = Array(
            "{\"schema\":\"twilship.envelope.v1\",\"id\":\"\(String(repeating: "x", count: 1_160))\"}".utf8)
        for index in 0..<perWindow {
            let start = block.bytes.count
            block.bytes += line
            let end = block.bytes.count
            block.bytes.append(UInt8(ascii: "\n"))
            block.entries.append(
                EnvelopeBlock.Entry(
                    line: start..<end, raw: end..<end, id: start + 39..<start + 73, type: end..<end,
                    time: Timestamp(milliseconds: 0), severity: .info,
                    identity: RecordIdentity(high: 0, low: UInt64(index))))
        }
        return block
    }()
}
