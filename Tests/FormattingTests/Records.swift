import Formatting
import Foundation
import Normalising
import Parsing
import PipelineCore
import Testing

/// Records as the spool keeps them, made by the normaliser.
enum Records {
    static let accountSID = "AC00000000000000000000000000000001"

    static func event(_ fields: [String: Any?] = [:], lane: Lane = .live, isReplay: Bool = false) throws
        -> SpooledRecord
    {
        let usual: [String: Any?] = [
            "sid": "AE00000000000000000000000000000001", "account_sid": accountSID,
            "actor_sid": "US0000000000000000000000000000000a", "actor_type": "user", "description": nil,
            "event_data": [
                "resource_properties": ["friendly_name": ["previous": "Old \"name\"", "updated": "New = näme\\"]]
            ], "event_date": "2026-11-21T08:00:00Z", "event_type": "account.updated",
            "resource_sid": accountSID, "resource_type": "account", "source": "web",
            "source_ip_address": "198.51.100.20",
        ]
        return try make(usual, fields, .events, lane, isReplay)
    }

    static func log(_ fields: [String: Any?] = [:], lane: Lane = .live, isReplay: Bool = false) throws
        -> SpooledRecord
    {
        let usual: [String: Any?] = [
            "sid": "NO00000000000000000000000000000001", "account_sid": accountSID,
            "service_sid": "ZS00000000000000000000000000000001",
            "environment_sid": "ZE00000000000000000000000000000001",
            "build_sid": "ZB00000000000000000000000000000001",
            "deployment_sid": "ZD00000000000000000000000000000001",
            "function_sid": "ZH00000000000000000000000000000001",
            "request_sid": "RQ00000000000000000000000000000001", "level": "warn",
            "message": "line one\nline | two = \\ \"ü😀\"", "date_created": "2026-11-21T08:00:00.417Z",
        ]
        return try make(usual, fields, .logs, lane, isReplay)
    }

    static func alert(_ fields: [String: Any?] = [:], lane: Lane = .live, isReplay: Bool = false) throws
        -> SpooledRecord
    {
        let usual: [String: Any?] = [
            "sid": "NO00000000000000000000000000000065", "account_sid": accountSID,
            "resource_sid": "CA00000000000000000000000000000001", "log_level": "error", "error_code": "11205",
            "more_info": "https://www.twilio.com/docs/errors/11205", "request_method": "POST",
            "request_url": "https://demo.example.com/welcome",
            "alert_text": "Msg=HTTP+Connection+Failure&ErrorCode=11205",
            "date_created": "2026-11-21T08:00:00Z", "date_generated": "2026-11-21T08:00:00Z",
        ]
        return try make(usual, fields, .alerts, lane, isReplay)
    }

    /// One of twilship's own: no `raw`, and members that no other record has.
    static func own(_ type: String = "twilship.gap", details: String = "", isReplay: Bool = false) -> SpooledRecord {
        let more = details.isEmpty ? #""gap":{"from":"2026-11-20T08:00:00.000Z","seconds":12,"reason":"cap"}"# : details
        let line =
            #"{"schema":"twilship.envelope.v1","id":"0190f3c2","dataset":"twilship","account":"production","#
            + #""account_sid":"\#(accountSID)","time":"2026-11-21T08:00:00.000Z","collected":"2026-11-21T08:00:00.000Z","#
            + #""type":"\#(type)","action":"gap","severity":"warning",\#(more),"message":"12 s were not read","#
            + #""collector":{"host":"collector1","version":"1.0.0"}}"#
        let bytes = Array(line.utf8)
        func place(of value: String) -> Range<Int> {
            let range = line.range(of: value)
            let start = range.map { line.utf8.distance(from: line.startIndex, to: $0.lowerBound) } ?? 0
            return start..<start + value.utf8.count
        }
        return SpooledRecord(
            sequence: 9, origin: .init(account: "production", accountSID: accountSID, dataset: .twilship, lane: .live),
            bytes: bytes,
            entry: .init(
                line: 0..<bytes.count, raw: 0..<0, id: place(of: "0190f3c2"), type: place(of: type),
                time: Timestamp(milliseconds: 1_795_248_000_000), severity: .warning,
                identity: RecordIdentity(high: 1, low: 2)), isReplay: isReplay)
    }

    /// A record of each dataset.
    static func ofAllKinds(isReplay: Bool = false) throws -> [SpooledRecord] {
        [
            try event(isReplay: isReplay), try log(isReplay: isReplay), try alert(isReplay: isReplay),
            own(isReplay: isReplay),
        ]
    }

    static func made(from body: String, as shape: PageShape, lane: Lane = .live, isReplay: Bool = false) throws
        -> SpooledRecord
    {
        let page = try PageParser().parse(
            Array(#"{"\#(shape.listKey)":[\#(body)],"meta":{"next_page_url":null}}"#.utf8), as: shape)
        var block = EnvelopeBlock()
        // Another line before it, so that places in the line and in the block differ.
        let context = RecordContext(
            account: "production", accountSID: accountSID, dataset: shape.dataset,
            collected: Timestamp(milliseconds: 1_795_248_000_123), lane: lane)
        for _ in 1...2 {
            Normaliser(collector: "collector1", version: "1.0.0").append(page[0], context: context, to: &block)
        }
        return SpooledRecord(
            sequence: 2,
            origin: .init(account: "production", accountSID: accountSID, dataset: shape.dataset, lane: lane),
            bytes: block.bytes, entry: block.entries[1], isReplay: isReplay)
    }

    private static func make(
        _ usual: [String: Any?], _ fields: [String: Any?], _ shape: PageShape, _ lane: Lane, _ isReplay: Bool
    ) throws -> SpooledRecord {
        let object = usual.merging(fields) { _, new in new }.mapValues { $0 ?? NSNull() }
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return try made(from: String(decoding: data, as: UTF8.self), as: shape, lane: lane, isReplay: isReplay)
    }
}

extension RecordFormat {
    func line(_ record: SpooledRecord) -> String {
        var bytes: [UInt8] = Array("before".utf8)
        append(record, to: &bytes)
        return String(decoding: bytes.dropFirst(6), as: UTF8.self)
    }

    func shortened(_ record: SpooledRecord, _ maximum: Int) -> (line: String, isShortened: Bool) {
        var bytes: [UInt8] = Array("before".utf8)
        let isShortened = append(record, to: &bytes, maximumBytes: maximum)
        return (String(decoding: bytes.dropFirst(6), as: UTF8.self), isShortened)
    }
}

/// A line as Foundation reads it.
func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
}
