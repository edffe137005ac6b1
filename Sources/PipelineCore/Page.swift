/// One answer of a list endpoint, taken apart without being copied: every record is a range of `buffer`.
package final class Page: Sendable {
    /// The answer's bytes, valid UTF-8. Spare zero bytes for the parser may follow the answer.
    package let buffer: [UInt8]
    package let records: [SourceRecord.Slot]
    /// One entry per record and key, in the order of the dataset's field list; empty where the record lacks the key.
    package let fields: [Range<Int32>]
    package let fieldsPerRecord: Int
    /// `meta.next_page_url` as Twilio wrote it; nil at the end of the list.
    package let nextPageURL: String?

    package init(
        buffer: [UInt8], records: [SourceRecord.Slot], fields: [Range<Int32>], fieldsPerRecord: Int,
        nextPageURL: String?
    ) {
        precondition(fields.count == records.count * fieldsPerRecord)
        self.buffer = buffer
        self.records = records
        self.fields = fields
        self.fieldsPerRecord = fieldsPerRecord
        self.nextPageURL = nextPageURL
    }

    package subscript(index: Int) -> SourceRecord {
        SourceRecord(page: self, index: index)
    }
}

/// A record as Twilio gave it: a view into its page.
package struct SourceRecord: Sendable {
    /// What the parser found out about a record, whatever its kind.
    package struct Slot: Sendable {
        /// The record's bytes in the page, from its first byte to its last.
        package let raw: Range<Int32>
        package let identity: RecordIdentity
        /// The record's own date; nil when it has none that can be read.
        package let time: Timestamp?
        package let flaws: Flaws

        package init(raw: Range<Int32>, identity: RecordIdentity, time: Timestamp?, flaws: Flaws = []) {
            self.raw = raw
            self.identity = identity
            self.time = time
            self.flaws = flaws
        }
    }

    /// What was wrong with a record; the envelope says it.
    package struct Flaws: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Its bytes were not UTF-8 and were repaired with U+FFFD.
        package static let repaired = Flaws(rawValue: 1)
        /// It is not a JSON object.
        package static let notAnObject = Flaws(rawValue: 2)
        /// It has no SID, or one that is not a string.
        package static let noSID = Flaws(rawValue: 4)
        /// Whether its bytes are all that tells it from others.
        package var isNameless: Bool { rawValue & (Self.notAnObject.rawValue | Self.noSID.rawValue) != 0 }
        /// It is not valid JSON inside, or nested too deep to be handed on; the envelope carries its text as a string.
        package static let malformed = Flaws(rawValue: 8)
    }

    package let page: Page
    package let index: Int

    package var slot: Slot { page.records[index] }
    package var identity: RecordIdentity { slot.identity }
    package var time: Timestamp? { slot.time }
    package var raw: ArraySlice<UInt8> { page.buffer[Int(slot.raw.lowerBound)..<Int(slot.raw.upperBound)] }

    /// The JSON token of a field as it stands in the page (a string with its quotes and escapes), nil when it is missing.
    package func token(_ field: some RawRepresentable<Int>) -> ArraySlice<UInt8>? {
        let range = page.fields[index * page.fieldsPerRecord + field.rawValue]
        return range.isEmpty ? nil : page.buffer[Int(range.lowerBound)..<Int(range.upperBound)]
    }
}

/// The keys of a Monitor Event that the envelope is made of; `rawValue` is the place in `Page.fields`.
package enum EventField: Int, CaseIterable, Sendable {
    case sid, eventDate, eventType, resourceType, resourceSID, actorType, actorSID, source, sourceIPAddress
    case description, eventData

    /// The key in Twilio's JSON.
    package var key: String {
        switch self {
        case .sid: "sid"
        case .eventDate: "event_date"
        case .eventType: "event_type"
        case .resourceType: "resource_type"
        case .resourceSID: "resource_sid"
        case .actorType: "actor_type"
        case .actorSID: "actor_sid"
        case .source: "source"
        case .sourceIPAddress: "source_ip_address"
        case .description: "description"
        case .eventData: "event_data"
        }
    }
}

/// The keys of a function log line that the envelope is made of; `rawValue` is the place in `Page.fields`.
package enum LogField: Int, CaseIterable, Sendable {
    case sid, dateCreated, level, message, serviceSID, environmentSID, buildSID, deploymentSID, functionSID, requestSID

    /// The key in Twilio's JSON.
    package var key: String {
        switch self {
        case .sid: "sid"
        case .dateCreated: "date_created"
        case .level: "level"
        case .message: "message"
        case .serviceSID: "service_sid"
        case .environmentSID: "environment_sid"
        case .buildSID: "build_sid"
        case .deploymentSID: "deployment_sid"
        case .functionSID: "function_sid"
        case .requestSID: "request_sid"
        }
    }
}

/// The keys of an Alert that the envelope is made of; `rawValue` is the place in `Page.fields`.
package enum AlertField: Int, CaseIterable, Sendable {
    case sid, dateGenerated, dateCreated, logLevel, errorCode, alertText, moreInfo, resourceSID, serviceSID
    case requestMethod, requestURL

    /// The key in Twilio's JSON.
    package var key: String {
        switch self {
        case .sid: "sid"
        case .dateGenerated: "date_generated"
        case .dateCreated: "date_created"
        case .logLevel: "log_level"
        case .errorCode: "error_code"
        case .alertText: "alert_text"
        case .moreInfo: "more_info"
        case .resourceSID: "resource_sid"
        case .serviceSID: "service_sid"
        case .requestMethod: "request_method"
        case .requestURL: "request_url"
        }
    }
}
