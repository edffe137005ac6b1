import Glibc
package import Logging
import Synchronization

/// Writes log events to standard error, one whole line at a time.
package struct StderrLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let line: LogLine
    private let fileDescriptor: CInt
    private let clear: @Sendable () -> Void
    private let sharedLevel: SharedLogLevel
    private var ownLevel: Logger.Level?

    /// - Parameter clear: called before each line: takes away what stands on a terminal's last line.
    init(
        _ line: LogLine, level: SharedLogLevel, fileDescriptor: CInt, clear: @escaping @Sendable () -> Void = {}
    ) {
        self.line = line
        self.clear = clear
        self.fileDescriptor = fileDescriptor
        sharedLevel = level
    }

    /// The shared level, unless this logger was given its own.
    package var logLevel: Logger.Level {
        get { ownLevel ?? sharedLevel.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let inherited = metadata.merging(metadataProvider?.get() ?? [:]) { _, provided in provided }
        writeWhole(Array((line.text(of: LogRecord(event, metadata: inherited), at: .now()) + "\n").utf8))
    }

    /// A pipe takes 4,096 bytes at once (pipe(7), PIPE_BUF); longer lines need the lock to stay whole.
    private static let turn = Mutex(())

    /// What cannot be written has nowhere else to go.
    private func writeWhole(_ bytes: [UInt8]) {
        Self.turn.withLock { _ in
            clear()
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { write(fileDescriptor, $0.baseAddress, $0.count) }
                if written > 0 { rest = rest.dropFirst(written) } else if written < 0, errno != EINTR { return }
            }
        }
    }
}
