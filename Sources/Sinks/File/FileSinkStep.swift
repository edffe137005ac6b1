/// The moments between two effects of the file sink that last: where a crash can come, and where tests let it.
package enum FileSinkStep: Hashable, Sendable, CaseIterable {
    // Delivery
    case begun, tailSettled, created, adopted, written, synced
    // Rotation
    case rotationIntended, renamed, rotationRecorded
    // Compression and retention, on the housekeeper's queue
    case compressing, compressed, compressedRenamed, originalRemoved, expiredRemoved
}

/// Called at each step; what it throws ends the work there, with nothing undone.
package typealias FileSinkProbe = @Sendable (FileSinkStep) throws -> Void
