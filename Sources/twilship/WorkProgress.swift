import Foundation
import PipelineCore

/// How far some work is, as the service tells it to who waits for it.
struct WorkProgress: Codable, Equatable, Sendable {
    /// From 0 to 1; nil if that cannot be said.
    var done: Double?
    /// Counts, how fast it goes and what is left.
    var text: String

    /// In words only.
    var line: String {
        guard let done else { return text }
        return String(format: "%.1f %%", (done * 1000).rounded(.down) / 10) + ", " + text
    }
}

extension WorkProgress {
    /// Takes what `encoded` made; anything else is taken as words.
    init(_ encoded: String) {
        self =
            (try? JSONDecoder().decode(Self.self, from: Data(encoded.utf8))) ?? WorkProgress(done: nil, text: encoded)
    }

    var encoded: String {
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? line
    }
}

/// Makes progress of counts: how fast it goes, and how long it will take at that pace.
struct ProgressMeter {
    /// Before that, a pace is chance.
    private static let shortest: Duration = .seconds(2)

    private let began: ContinuousClock.Instant
    private let first: (done: Double, records: Int)

    /// - Parameters:
    ///   - done: what was done before it began, from 0 to 1.
    ///   - records: how many there were before.
    init(at now: ContinuousClock.Instant, done: Double = 0, records: Int = 0) {
        began = now
        first = (done, records)
    }

    /// - Parameters:
    ///   - records: of which the pace is told.
    ///   - counts: other than that, in words; they come last, since a narrow terminal cuts there.
    func progress(
        done: Double, _ records: Int, _ what: String, counts: [String] = [], at now: ContinuousClock.Instant
    ) -> WorkProgress {
        let elapsed = began.duration(to: now)
        var parts = ["\(records) \(what)"]
        if elapsed >= Self.shortest {
            parts.append(String(format: "%.0f/s", Double(max(0, records - first.records)) / elapsed.inSeconds))
            let gained = done - first.done
            if gained > 0.001, done < 1 {
                parts.append("\(Duration.seconds(elapsed.inSeconds * (1 - done) / gained).upToForPeople) left")
            }
        }
        return WorkProgress(done: done, text: (parts + counts).joined(separator: ", "))
    }
}
