import Glibc
package import Logging
package import PipelineCore

/// Appends records to files, each exactly once whatever the moment of a crash.
///
/// - A delivery is accepted after its bytes were synced, with the new length of each file as state. The dispatcher saves
///   that together with its position, so a file's settled length and the position never disagree.
/// - What a file holds beyond its settled length is a tail: bytes of deliveries that were not settled, and that come
///   again. They are compared with what is due: equal ones stay, a torn end is completed, only a difference is cut.
///   Failed and partial writes go the same way.
/// - Whatever else changes which file a record belongs to (a new file, a rotation, a file that somebody moved or cut) is
///   saved before the first byte that depends on it is written, together with the records of the delivery under way that
///   are done.
/// - An error drops the open file, so that the next attempt believes nothing but the saved state and the disk.
/// - Files are compressed and removed elsewhere (`FileHousekeeper`), and only those this sink rotated.
package actor FileSink: Sink {
    let options: FileSinkOptions
    let log: Logger
    let now: @Sendable () -> Timestamp
    let probe: FileSinkProbe
    let housekeeper: FileHousekeeper
    private let store: any SinkStateStore
    private let executor: QueueExecutor

    /// By path; as saved, or accepted and therefore saved by the time of the next delivery.
    private(set) var files: [String: FileState] = [:]
    /// By series; as saved.
    private(set) var series: [String: SeriesState] = [:]
    var open: OpenFiles
    /// Of `options.group`.
    private(set) var groupID: UInt32?
    /// Whether memory is what is saved. It is not known at first, nor after saving failed: it may have worked.
    private var isPrepared = false
    var lastMaintenance: Timestamp?
    /// A file was rotated since the housekeeper last took its duties.
    var hasRotated = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - now: the wall clock, for `rotateInterval` and `keep`.
    ///   - probe: lets tests stop the sink at any step.
    package init(
        name: String, options: FileSinkOptions, store: any SinkStateStore, log: Logger,
        now: @escaping @Sendable () -> Timestamp = FileSink.wallClock, probe: @escaping FileSinkProbe = { _ in }
    ) {
        var log = log
        log[metadataKey: "sink.name"] = "\(name)"
        self.options = options
        self.store = store
        self.log = log
        self.now = now
        self.probe = probe
        let form: CompressionForm? =
            switch options.compression {
            case .gzip: .gzip
            case .zstd: .zstd
            case .none: nil
            }
        housekeeper = FileHousekeeper(name: name, form: form, log: log, probe: probe)
        executor = QueueExecutor(label: "twilship.sink.\(name)")
        open = OpenFiles(limit: options.maximumOpenFiles)
    }

    package nonisolated var guarantee: DeliveryGuarantee { .exactlyOnce }
    package nonisolated var outstanding: Int { 1 }
    /// What a file holds beyond its settled length is compared with what is due, however that is cut.
    package nonisolated var pinsBatches: Bool { false }

    package func deliver(_ batch: Batch, handedOver: @escaping @Sendable () -> Void) async -> Delivery {
        do {
            try await prepare()
            await maintain()
            try await prepare()
            var settled: [String: FileState] = [:]
            for lines in PathLines.sorting(batch, by: options.path, format: options.format) {
                do {
                    settled[lines.path] = try await append(lines)
                } catch {
                    open[lines.path] = nil
                    throw error
                }
            }
            files.merge(settled) { _, new in new }
            if hasRotated { startHousekeeping() }
            var state: SinkState = [:]
            for (path, file) in settled { state[Self.filePrefix + path] = file.bytes }
            return .accepted(state: state)
        } catch {
            return .retry(reason: "\(error)")
        }
    }

    package func close() async {
        await housekeeper.stop()
        open.closeAll()
    }

    /// Waits until nothing is left to compress or remove of what was begun.
    package func housekeepingDone() async {
        await housekeeper.finish()
    }

    package static let wallClock: @Sendable () -> Timestamp = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    // MARK: - Saved state

    private static let filePrefix = "file:"
    private static let seriesPrefix = "series:"

    private func prepare() async throws {
        if isPrepared { return }
        open.closeAll()
        (files, series) = ([:], [:])
        groupID = try options.group.map(FileSystem.groupID)
        for (key, bytes) in try await store.load() {
            if key.hasPrefix(Self.filePrefix) {
                guard let state = FileState(bytes: bytes) else { throw FileSinkError.unreadableState(key: key) }
                files[String(key.dropFirst(Self.filePrefix.count))] = state
            } else if key.hasPrefix(Self.seriesPrefix) {
                guard let state = SeriesState(bytes: bytes) else { throw FileSinkError.unreadableState(key: key) }
                series[String(key.dropFirst(Self.seriesPrefix.count))] = state
            }
        }
        isPrepared = true
    }

    /// Saves what changed outside a settled delivery; a nil file is forgotten. Memory follows only when that succeeded.
    func save(files changedFiles: [String: FileState?] = [:], series changedSeries: [String: SeriesState] = [:])
        async throws
    {
        var changes: SinkState = [:]
        for (path, state) in changedFiles { changes.updateValue(state?.bytes, forKey: Self.filePrefix + path) }
        for (name, state) in changedSeries { changes.updateValue(state.bytes, forKey: Self.seriesPrefix + name) }
        isPrepared = false
        try await store.save(changes)
        isPrepared = true
        for (path, state) in changedFiles { files[path] = state }
        series.merge(changedSeries) { _, new in new }
    }
}
