/// The frames that were appended or read last: a sink that keeps up needs no disk, and one that does not reads a frame
/// for all of its batches once.
struct RecentFrames {
    /// The newest frame is kept whatever it has.
    private let mostBytes: Int
    /// Oldest first.
    private var frames: [Frame] = []
    private var bytes = 0

    init(mostBytes: Int) {
        self.mostBytes = mostBytes
    }

    /// The frame that the record with this sequence is in.
    subscript(sequence: Int64) -> Frame? {
        frames.last { $0.firstSequence <= sequence && sequence <= $0.lastSequence }
    }

    mutating func add(_ frame: Frame) {
        frames.append(frame)
        bytes += frame.bytes.count
        while bytes > mostBytes, frames.count > 1 { bytes -= frames.removeFirst().bytes.count }
    }

    /// Forgets what ends at `last` or before. Of one that goes on, sinks are yet to have the rest.
    mutating func forget(upTo last: Int64) {
        guard frames.first.map({ $0.lastSequence <= last }) ?? false else { return }
        forget { $0.lastSequence <= last }
    }

    /// Forgets what was written and does not count.
    mutating func forget(from first: Int64) { forget { $0.firstSequence >= first } }

    private mutating func forget(where isGone: (Frame) -> Bool) {
        frames.removeAll(where: isGone)
        bytes = frames.reduce(0) { $0 + $1.bytes.count }
    }
}
