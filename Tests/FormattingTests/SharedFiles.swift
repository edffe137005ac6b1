import Foundation
import Parsing
import PipelineCore
import Testing

/// Schemas and documented event types, which are kept beside the project.
///
/// Looked for in `$TWILSHIP_SHARED`, else in a folder `shared` beside any folder this file is in.
enum SharedFiles {
    static let folder: URL? = {
        if let path = ProcessInfo.processInfo.environment["TWILSHIP_SHARED"] {
            return URL(filePath: path, directoryHint: .isDirectory)
        }
        var folder = URL(filePath: #filePath)
        for _ in 0..<8 {
            folder.deleteLastPathComponent()
            let shared = folder.appending(path: "../shared").standardized
            if FileManager.default.fileExists(atPath: shared.appending(path: "schemas").path) { return shared }
        }
        return nil
    }()

    static let absence: Comment = "skipped: no folder of schemas; set TWILSHIP_SHARED to the folder it is in"

    static func text(_ path: String) throws -> String {
        try String(contentsOf: #require(folder).appending(path: path), encoding: .utf8)
    }

    static func json(_ path: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: #require(folder).appending(path: path)))
    }

    /// Each documented event type with its resource type.
    static func eventTypes() throws -> [(resource: String, type: String)] {
        try text("twilio-event-types.tsv").split(separator: "\n").filter { !$0.hasPrefix("#") }.flatMap { line in
            let columns = line.split(separator: "\t")
            return columns.dropFirst().flatMap { $0.split(separator: " ") }.map { (String(columns[0]), String($0)) }
        }
    }
}

/// Every kind of record that a format meets: all documented event types, done by users, accounts, Twilio and nobody,
/// with and without what may be missing; logs and alerts of each level; twilship's own.
enum Variety {
    static func records() throws -> [SpooledRecord] { try made.get() }

    private static let made = Result { try make() }

    private static func make() throws -> [SpooledRecord] {
        var records: [SpooledRecord] = []
        for (resource, type) in try SharedFiles.eventTypes() + [("new-thing", "new-thing.invented"), ("", "odd")] {
            let user = "US0000000000000000000000000000000b"
            records += [
                try Records.event(["event_type": type, "resource_type": resource, "resource_sid": user]),
                try Records.event([
                    "event_type": type, "resource_type": resource, "actor_sid": Records.accountSID,
                    "actor_type": "account", "source": "api", "source_ip_address": "2001:db8::7",
                ]),
                try Records.event(
                    [
                        "event_type": type, "resource_type": nil, "resource_sid": nil, "actor_sid": nil,
                        "actor_type": nil, "source": nil, "source_ip_address": nil, "event_data": nil,
                    ], lane: .backfill, isReplay: true),
                try Records.event([
                    "event_type": type, "actor_type": "twilio-admin", "source_ip_address": "unknown",
                    "event_date": "yesterday",
                ]),
            ]
        }
        for level in ["debug", "info", "warn", "error", "odd"] {
            records += [
                try Records.log(["level": level]), try Records.log(["level": level, "message": ["a": 1]]),
                try Records.alert(["log_level": level]),
                try Records.alert([
                    "log_level": level, "error_code": nil, "more_info": nil, "request_url": nil,
                    "request_method": nil, "resource_sid": nil, "alert_text": nil,
                    "service_sid": "KS00000000000000000000000000000001",
                ]),
            ]
        }
        records += try ["{}", "\"no object\""].map { try Records.made(from: $0, as: .logs) }
        for name in [
            "heartbeat", "gap", "stream.failing", "stream.recovered", "dead_letter", "operator", "started", "stopped",
        ] {
            records.append(Records.own("twilship.\(name)"))
        }
        return records
    }
}
