import Cataloguing
import PipelineCore

/// A record as a document of the Elastic Common Schema 9.4.
///
/// Nothing but fields of the schema, and beside them `twilio`, in which every value is a string, a list of strings or a
/// count under a key that is known here: no record can add a field to an index.
struct ECSForm {
    let hasRaw: Bool

    func write(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        let meaning = envelope.meaning
        writer.append("{")
        writer.string(#""@timestamp":""#, envelope.timeText.map { extent.limited($0) })
        writer.append(#""ecs":{"version":"9.4.0"},"#)
        writer.message(envelope, extent)
        writer.object(#""event":{"#) { writeEvent(envelope, meaning, extent, to: &$0) }
        writer.string(#""log":{"level":""#, envelope.severity.word.text)
        // The object around it.
        writer.removeLast()
        writer.append("},")
        writer.append(#""cloud":{"provider":"twilio","account":{"#)
        writer.string(#""id":""#, envelope.accountSID.map { extent.limited($0) })
        writer.string(#""name":""#, envelope.account.map { extent.limited($0) })
        if writer.last == JSONByte.comma { writer.removeLast() }
        writer.append("}},")
        if !extent.isEssential {
            writeParties(envelope, to: &writer)
            if let attack = meaning.flatMap({ AttackForm.of($0, envelope) }) { writer.append(attack.ecs) }
        }
        writer.object(#""twilio":{"#) { writeOwnFields(envelope, extent, to: &$0) }
        writer.removeLast()
        writer.append("}")
    }

    private func writeEvent(
        _ envelope: Envelope, _ meaning: EventMeaning?, _ extent: Extent, to writer: inout FormWriter
    ) {
        if let meaning {
            writer.append(#""kind":"event","category":"#)
            writer.append(meaning.ecs.categoryToken)
            writer.append(#","type":"#)
            writer.append(meaning.ecs.typeToken)
            // Twilio records what was done; what was refused is not in the audit trail.
            writer.append(#","outcome":"success","#)
        } else {
            let categories = ECSCategories(envelope)
            writer.string(#""kind":""#, categories.kind.text)
            writer.token(#""category":"#, categories.category?.text)
            writer.token(#""type":"#, categories.type.text)
        }
        writer.string(#""id":""#, envelope.id.map { extent.limited($0, to: Extent.idLimit) })
        writer.string(#""action":""#, envelope.type.map { extent.limited($0) })
        writer.append(#""module":"twilio","#)
        writer.string(#""dataset":""#, envelope.dataset.ecs.text)
        writer.number(#""severity":"#, Int64(envelope.severity.rawValue))
        writer.string(#""created":""#, envelope.collected.map { extent.limited($0) })
        guard !extent.isEssential else { return }
        writer.string(#""code":""#, envelope.alert.errorCode)
        writer.string(#""reference":""#, envelope.alert.moreInfo)
        if hasRaw, extent.hasRaw, !envelope.raw.isEmpty { writer.escaped(#""original":""#, envelope.raw) }
    }

    /// Who and what took part, in fields of the schema.
    private func writeParties(_ envelope: Envelope, to writer: inout FormWriter) {
        let user = envelope.actor.isUser ? envelope.actor.sid : nil
        let target = envelope.resource.isUser ? envelope.resource.sid : nil
        writer.object(#""user":{"#) {
            $0.string(#""id":""#, user)
            $0.object(#""target":{"#) { $0.string(#""id":""#, target) }
        }
        let ip = envelope.actor.ip.flatMap { IPAddress($0) == nil ? nil : $0 }
        writeEndpoint(#""source":{"#, envelope.actor.ip, ip, to: &writer)
        writeEndpoint(#""client":{"#, envelope.actor.ip, ip, to: &writer)
        writer.object(#""related":{"#) {
            $0.array(#""ip":["#) { $0.element(ip) }
            $0.array(#""user":["#) {
                $0.element(user)
                if let target, user?.elementsEqual(target) != true { $0.element(target) }
            }
        }
        writer.object(#""error":{"#) { $0.string(#""code":""#, envelope.alert.errorCode) }
        writer.object(#""url":{"#) { $0.string(#""original":""#, envelope.alert.requestURL) }
        writer.object(#""http":{"#) {
            $0.object(#""request":{"#) { $0.string(#""method":""#, envelope.alert.requestMethod) }
        }
        writer.object(#""faas":{"#) {
            $0.string(#""id":""#, envelope.function.functionSID)
            $0.string(#""execution":""#, envelope.function.requestSID)
        }
        writer.object(#""service":{"#) { $0.string(#""id":""#, envelope.function.serviceSID) }
        writer.object(#""observer":{"#) {
            $0.string(#""hostname":""#, envelope.collector.host)
            $0.append(#""product":"twilship","type":"collector","#)
            $0.string(#""version":""#, envelope.collector.version)
        }
        if envelope.tags != nil || envelope.isReplay {
            writer.append(#""tags":"#)
            writer.append(tags: envelope)
            writer.append(JSONByte.comma)
        }
    }

    private func writeEndpoint(_ opening: StaticString, _ address: Text?, _ ip: Text?, to writer: inout FormWriter) {
        writer.object(opening) {
            $0.string(#""address":""#, address)
            $0.string(#""ip":""#, ip)
        }
    }

    /// What the schema has no field for.
    private func writeOwnFields(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        if let length = extent.fullLength {
            writer.append(#""truncated":{"bytes":"#)
            writer.append(number: Int64(length))
            writer.append("},")
        }
        guard !extent.isEssential else { return }
        writer.object(#""actor":{"#) {
            $0.string(#""type":""#, envelope.actor.type)
            $0.string(#""sid":""#, envelope.actor.sid)
            $0.string(#""via":""#, envelope.actor.via)
        }
        writer.token(#""resource":"#, envelope.resourceToken)
        writer.token(#""function":"#, envelope.functionToken)
        writer.object(#""alert":{"#) { $0.string(#""service_sid":""#, envelope.alert.serviceSID) }
        if extent.hasDetails {
            writeChanges(envelope, to: &writer)
            writeOthers(envelope, to: &writer)
        }
        writer.string(#""time_error":""#, envelope.timeError)
        writer.string(#""raw_error":""#, envelope.rawError)
        writer.token(#""shortened":"#, envelope.shortened)
        writer.token(#""redacted":"#, envelope.redacted)
    }

    /// Three lists in which equal places belong together; what is not known is an empty string.
    private func writeChanges(_ envelope: Envelope, to writer: inout FormWriter) {
        let changes = envelope.changeList
        guard !changes.isEmpty else { return }
        let nothing = ("" as StaticString).text
        writer.object(#""changes":{"#) {
            $0.array(#""field":["#) { for change in changes { $0.element(change.field ?? nothing) } }
            $0.array(#""previous":["#) { for change in changes { $0.element(change.previous ?? nothing) } }
            $0.array(#""updated":["#) { for change in changes { $0.element(change.updated ?? nothing) } }
        }
    }

    /// What only twilship's own records have, as one string of JSON.
    private func writeOthers(_ envelope: Envelope, to writer: inout FormWriter) {
        guard envelope.hasOthers else { return }
        writer.append(#""data":"{"#)
        envelope.forEachOther { key, value in
            writer.append(#"\""#)
            writer.append(escaping: key)
            writer.append(#"\":"#)
            writer.append(escaping: value)
            writer.append(JSONByte.comma)
        }
        writer.removeLast()
        writer.append(#"}","#)
    }
}

extension Dataset {
    /// `event.dataset`, and the middle of a data stream's name.
    var ecs: StaticString {
        switch self {
        case .monitorEvents: "twilio.audit"
        case .serverlessLogs: "twilio.function"
        case .monitorAlerts: "twilio.alert"
        case .twilship: "twilship"
        }
    }
}
