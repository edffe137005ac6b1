import Foundation

/// Twilio's documents and recorded answers, which lie beside the project rather than in it.
enum SharedFiles {
    /// `$TWILSHIP_SHARED`, or `shared` next to one of the folders above this file; nil if there is none.
    static let folder: URL? = {
        let marker = "twilio-openapi/twilio_monitor_v1.json"
        if let path = ProcessInfo.processInfo.environment["TWILSHIP_SHARED"] {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            folder = folder.deletingLastPathComponent()
            let shared = folder.appendingPathComponent("shared", isDirectory: true)
            if FileManager.default.fileExists(atPath: shared.appendingPathComponent(marker).path) { return shared }
        }
        return nil
    }()

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(Array(data(path)))
    }

    static func jsonLines(_ path: String) throws -> [JSONValue] {
        try data(path).split(separator: UInt8(ascii: "\n")).map {
            try JSONValue(Array($0))
        }
    }

    private static func data(_ path: String) throws -> Data {
        guard let folder else { throw CocoaError(.fileNoSuchFile) }
        return try Data(contentsOf: folder.appendingPathComponent(path))
    }
}
