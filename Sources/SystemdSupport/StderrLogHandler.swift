import Glibc
package import Logging

/// Writes log events to standard error, one line and one write(2) each, so that lines of several threads do not mix.
package struct StderrLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let line: LogLine
    private let fileDescriptor: CInt
    private let sharedLevel: SharedLogLevel
    private var ownLevel: Logger.Level?

    init(_ line: LogLine, level: SharedLogLevel, fileDescriptor: CInt) {
        self.line = line
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

    /// One call, unless a signal or a full pipe cuts it short. What cannot be written has nowhere else to go.
    private func writeWhole(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(fileDescriptor, $0.baseAddress, $0.count) }
            if written > 0 { rest = rest.dropFirst(written) } else if written < 0, errno != EINTR { return }
        }
    }
}
