import Cataloguing
import PipelineCore

/// A record as an event of the Open Cybersecurity Schema Framework 1.8.0, with its profiles `cloud`, `host` (which `actor`
/// belongs to) and, where there is a technique, `security_control` (which `attacks` belongs to).
///
/// What the framework has no attribute for is in `unmapped`, as the envelope has it.
struct OCSFForm {
    let hasRaw: Bool

    func write(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        let meaning = envelope.meaning
        let kind = OCSFClass(envelope, meaning)
        let attack = extent.isEssential ? nil : meaning.flatMap { AttackForm.of($0, envelope) }
        writer.append("{")
        writeClassification(kind, envelope, extent, to: &writer)
        writer.number(#""time":"#, envelope.time.milliseconds)
        writer.append(#""timezone_offset":0,"#)
        writer.message(envelope, extent)
        writer.object(#""metadata":{"#) { writeMetadata(envelope, extent, hasAttack: attack != nil, to: &$0) }
        writer.object(#""cloud":{"#) { writeCloud(envelope, extent, to: &$0) }
        writeSubject(kind, envelope, meaning, extent, to: &writer)
        if let attack { writer.append(attack.ocsf) }
        if !extent.isEssential {
            if envelope.dataset == .monitorEvents {
                writer.append(#""status_id":1,"status":"Success","#)
                writeActor(envelope, to: &writer)
                writeObservables(kind, envelope, to: &writer)
            }
            writer.string(#""status_code":""#, envelope.alert.errorCode)
            writer.object(#""unmapped":{"#) { writeUnmapped(envelope, extent, to: &$0) }
        }
        if hasRaw, extent.hasRaw, !envelope.raw.isEmpty { writer.escaped(#""raw_data":""#, envelope.raw) }
        writer.removeLast()
        writer.append("}")
    }

    private func writeClassification(
        _ kind: OCSFClass, _ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter
    ) {
        let shape = kind.shape
        writer.number(#""category_uid":"#, shape.uid / 1000)
        writer.number(#""class_uid":"#, shape.uid)
        writer.number(#""activity_id":"#, kind.activity)
        writer.number(#""type_uid":"#, shape.uid * 100 + kind.activity)
        if !extent.isEssential {
            writer.string(#""class_name":""#, shape.name.text)
            writer.string(#""activity_name":""#, kind.activityName?.text ?? envelope.action)
        }
        let severity = envelope.severity.ocsf
        writer.number(#""severity_id":"#, severity.id)
        writer.string(#""severity":""#, severity.caption.text)
    }

    private func writeMetadata(
        _ envelope: Envelope, _ extent: Extent, hasAttack: Bool, to writer: inout FormWriter
    ) {
        writer.append(#""version":"1.8.0","profiles":["cloud","host""#)
        if hasAttack { writer.append(#","security_control""#) }
        writer.append(#"],"product":{"#)
        writer.append(envelope.dataset.ocsfProduct)
        writer.append("},")
        writer.string(#""uid":""#, envelope.id.map { extent.limited($0, to: Extent.idLimit) })
        writer.string(#""event_code":""#, envelope.type.map { extent.limited($0) })
        writer.string(#""log_name":""#, envelope.dataset.word.text)
        writer.string(#""log_level":""#, envelope.severity.word.text)
        writer.string(#""tenant_uid":""#, envelope.accountSID.map { extent.limited($0) })
        writer.string(#""original_time":""#, envelope.timeText.map { extent.limited($0) })
        if let length = extent.fullLength {
            writer.append(#""is_truncated":true,"#)
            writer.number(#""untruncated_size":"#, Int64(length))
        }
        guard !extent.isEssential else { return }
        if let collected = envelope.collected.flatMap({ Timestamp(rfc3339: Array($0)[...]) }) {
            writer.number(#""logged_time":"#, collected.milliseconds)
        }
        if envelope.tags != nil || envelope.isReplay {
            writer.append(#""labels":"#)
            writer.append(tags: envelope)
            writer.append(JSONByte.comma)
        }
        writer.append(#""reporter":{"name":"twilship","#)
        writer.string(#""hostname":""#, envelope.collector.host)
        writer.removeLast()
        writer.append("},")
        writer.append(#""loggers":[{"name":"twilship","#)
        writer.string(#""version":""#, envelope.collector.version)
        writer.removeLast()
        writer.append("}],")
    }

    private func writeCloud(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        writer.append(#""provider":"Twilio","account":{"type":"Twilio Account","type_id":99,"#)
        writer.string(#""uid":""#, envelope.accountSID.map { extent.limited($0) })
        writer.string(#""name":""#, envelope.account.map { extent.limited($0) })
        writer.removeLast()
        writer.append("},")
    }

    /// What the class requires.
    private func writeSubject(
        _ kind: OCSFClass, _ envelope: Envelope, _ meaning: EventMeaning?, _ extent: Extent,
        to writer: inout FormWriter
    ) {
        switch kind.shape {
        case .audit(.entity):
            writer.object(#""entity":{"#) { writeEntity(envelope, meaning?.ocsf.entity, extent, to: &$0) }
        case .audit(.account):
            writeUser(#""user":{"#, envelope.ocsfUser, nil, extent, to: &writer)
        case .audit(.authentication):
            writeUser(#""user":{"#, envelope.ocsfUser, nil, extent, to: &writer)
            writer.append(#""service":{"name":"Twilio Console"},"#)
        case .audit(.resource):
            writer.append(#""web_resources":[{"#)
            writer.string(#""uid":""#, envelope.resource.sid.map { extent.limited($0) })
            writer.string(#""type":""#, envelope.resource.type.map { extent.limited($0) })
            if envelope.resource.sid == nil { writer.string(#""name":""#, name(envelope, extent)) }
            writer.removeLast()
            writer.append("}],")
        case .application:
            writer.object(#""app":{"#) { writeApplication(envelope, extent, to: &$0) }
        case .error:
            break
        }
    }

    /// What stands for a thing whose SID is not known.
    private func name(_ envelope: Envelope, _ extent: Extent) -> Text {
        extent.limited(envelope.resource.type ?? envelope.type ?? ("unknown" as StaticString).text)
    }

    private func writeEntity(
        _ envelope: Envelope, _ entity: AuditEntity?, _ extent: Extent, to writer: inout FormWriter
    ) {
        writer.string(#""uid":""#, envelope.resource.sid.map { extent.limited($0) })
        writer.string(#""name":""#, name(envelope, extent))
        if envelope.resource.isUser {
            writer.append(#""type_id":2,"type":"User","#)
        } else if entity == .organization {
            writer.append(#""type_id":4,"type":"Organization","#)
        } else if entity == .policy {
            writer.append(#""type_id":5,"type":"Policy","#)
        } else {
            writer.append(#""type_id":99,"#)
            writer.string(#""type":""#, name(envelope, extent))
        }
    }

    private func writeUser(
        _ opening: StaticString, _ uid: Text?, _ type: Text?, _ extent: Extent, to writer: inout FormWriter
    ) {
        guard let uid else { return }
        writer.object(opening) {
            $0.string(#""uid":""#, extent.limited(uid))
            if let type, !type.equals("user") {
                $0.append(#""type_id":99,"#)
                $0.string(#""type":""#, type)
            } else {
                $0.append(#""type_id":1,"type":"User","#)
            }
        }
    }

    private func writeApplication(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        if envelope.dataset == .twilship {
            writer.append(#""name":"twilship","vendor_name":"twilship","#)
            writer.string(#""version":""#, envelope.collector.version.map { extent.limited($0) })
        } else {
            writer.append(#""name":"Twilio Function","vendor_name":"Twilio","#)
            writer.string(#""uid":""#, envelope.function.functionSID.map { extent.limited($0) })
        }
    }

    private func writeActor(_ envelope: Envelope, to writer: inout FormWriter) {
        writer.object(#""actor":{"#) {
            if envelope.actor.isUser {
                writeUser(#""user":{"#, envelope.actor.sid, envelope.actor.type, .full, to: &$0)
            } else {
                // An account is not a user.
                $0.string(#""app_uid":""#, envelope.actor.sid)
            }
            $0.string(#""app_name":""#, envelope.actor.via)
        }
        guard let address = envelope.actor.ip else { return }
        writer.object(#""src_endpoint":{"#) {
            // An endpoint must have a name or a uid.
            $0.string(#""name":""#, address)
            $0.string(#""ip":""#, IPAddress(address) == nil ? nil : address)
        }
    }

    private func writeObservables(_ kind: OCSFClass, _ envelope: Envelope, to writer: inout FormWriter) {
        writer.array(#""observables":["#) {
            if let address = envelope.actor.ip, IPAddress(address) != nil {
                $0.append(#"{"name":"src_endpoint.ip","type_id":2,"type":"IP Address","value":""#)
                $0.append(address)
                $0.append(#""},"#)
            }
            if envelope.actor.isUser, let user = envelope.actor.sid {
                $0.append(#"{"name":"actor.user.uid","type_id":31,"type":"User Object: uid","value":""#)
                $0.append(user)
                $0.append(#""},"#)
            }
        }
    }

    private func writeUnmapped(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        writer.token(#""actor":"#, envelope.actorToken)
        writer.token(#""resource":"#, envelope.resourceToken)
        writer.token(#""function":"#, envelope.functionToken)
        writer.token(#""alert":"#, envelope.alertToken)
        if extent.hasDetails {
            writer.token(#""changes":"#, envelope.changes)
            envelope.forEachOther { key, value in
                writer.append(JSONByte.quote)
                writer.append(key)
                writer.append("\":")
                writer.append(value)
                writer.append(JSONByte.comma)
            }
        }
        writer.string(#""time_error":""#, envelope.timeError)
        writer.string(#""raw_error":""#, envelope.rawError)
        writer.token(#""shortened":"#, envelope.shortened)
        writer.token(#""redacted":"#, envelope.redacted)
    }
}

extension Dataset {
    fileprivate var ocsfProduct: StaticString {
        switch self {
        case .monitorEvents: #""name":"Twilio Monitor Events","vendor_name":"Twilio""#
        case .serverlessLogs: #""name":"Twilio Serverless Logs","vendor_name":"Twilio""#
        case .monitorAlerts: #""name":"Twilio Monitor Alerts","vendor_name":"Twilio""#
        case .twilship: #""name":"twilship","vendor_name":"twilship""#
        }
    }
}
