import PipelineCore

/// A record as a line of the Common Event Format, CEF:0.
///
/// Keys are those of the standard's dictionary; `cs1` to `cs6` and `cn1` say by their labels what they hold. `msg` comes
/// last: readers that take a value to end at the next `key=` cannot be misled by what stands in it.
struct CEFForm {
    func write(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        writeHeader(envelope, extent, to: &writer)
        writer.append("rt=")
        writer.append(number: envelope.time.milliseconds)
        writer.append(" cat=")
        writer.append(envelope.dataset.word)
        writer.extensionField(" externalId=", envelope.id.map { extent.limited($0, to: Extent.idLimit) })
        writer.extensionField(" deviceExternalId=", envelope.accountSID.map { extent.limited($0) })
        writer.customField(" cs1=", envelope.account.map { extent.limited($0) }, " cs1Label=account")
        if !extent.isEssential {
            writer.extensionField(" act=", envelope.action)
            if envelope.dataset == .monitorEvents { writer.append(" outcome=success") }
            writer.extensionField(" dvchost=", envelope.collector.host)
            writeParties(envelope, to: &writer)
            writeCustomFields(envelope, extent, to: &writer)
        }
        if let length = extent.fullLength {
            writer.append(" cn1=")
            writer.append(number: Int64(length))
            writer.append(" cn1Label=truncated")
        }
        if let message = envelope.message {
            writer.append(" msg=")
            writer.appendMessage { $0.append(cefValue: message, limit: extent.messageLimit) }
        }
    }

    private func writeHeader(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        let type = extent.limited(envelope.type ?? ("unknown" as StaticString).text)
        writer.append("CEF:0|")
        writer.append(envelope.dataset.cefDevice)
        writer.append(CEFByte.bar)
        writer.append(cefHeader: extent.limited(envelope.collector.version ?? ("unknown" as StaticString).text))
        writer.append(CEFByte.bar)
        writer.append(cefHeader: type)
        writer.append(CEFByte.bar)
        writeName(type, to: &writer)
        writer.append(CEFByte.bar)
        writer.append(number: envelope.severity.cef)
        writer.append(CEFByte.bar)
    }

    /// The type in words: `account api keys created`.
    private func writeName(_ type: Text, to writer: inout FormWriter) {
        let start = writer.count
        writer.append(cefHeader: type)
        writer.replace(from: start) { byte in
            byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") ? CEFByte.blank : byte
        }
    }

    private func writeParties(_ envelope: Envelope, to writer: inout FormWriter) {
        if envelope.actor.isUser { writer.extensionField(" suser=", envelope.actor.sid) }
        writer.extensionField(" suid=", envelope.actor.sid)
        writer.extensionField(" spriv=", envelope.actor.type)
        if envelope.resource.isUser { writer.extensionField(" duid=", envelope.resource.sid) }
        if let ip = envelope.actor.ip {
            switch IPAddress(ip) {
            case .v4: writer.extensionField(" src=", ip)
            case .v6: writer.customField(" c6a2=", ip, " c6a2Label=Source IPv6 Address")
            case nil: break
            }
        }
        writer.extensionField(" requestMethod=", envelope.alert.requestMethod)
        writer.extensionField(" request=", envelope.alert.requestURL)
        writer.extensionField(" reason=", envelope.alert.errorCode)
    }

    private func writeCustomFields(_ envelope: Envelope, _ extent: Extent, to writer: inout FormWriter) {
        if envelope.dataset == .serverlessLogs {
            writer.customField(" cs2=", envelope.function.serviceSID, " cs2Label=serviceSid")
            writer.customField(" cs3=", envelope.function.environmentSID, " cs3Label=environmentSid")
            writer.customField(" cs4=", envelope.function.functionSID, " cs4Label=functionSid")
            writer.customField(" cs5=", envelope.function.requestSID, " cs5Label=requestSid")
        } else {
            writer.customField(" cs2=", envelope.resource.type, " cs2Label=resourceType")
            writer.customField(" cs3=", envelope.resource.sid, " cs3Label=resourceSid")
            writer.customField(" cs4=", envelope.actor.via, " cs4Label=via")
            if extent.hasDetails { writeDetails(envelope, to: &writer) }
        }
        writeMarks(envelope, to: &writer)
    }

    /// In `cs5`: what an event changed, where an alert is explained, or what only twilship's own records have.
    private func writeDetails(_ envelope: Envelope, to writer: inout FormWriter) {
        writer.customField(" cs5=", envelope.alert.moreInfo, " cs5Label=moreInfo")
        let changes = envelope.changeList
        if !changes.isEmpty {
            writer.append(" cs5=")
            for (index, change) in changes.enumerated() {
                if index > 0 { writer.append("; ") }
                if let field = change.field { writer.append(cefValue: field) }
                writer.append(": ")
                if let previous = change.previous { writer.append(cefValue: previous) }
                writer.append(" -> ")
                if let updated = change.updated { writer.append(cefValue: updated) }
            }
            writer.append(" cs5Label=changes")
        } else if envelope.hasOthers {
            writer.append(" cs5=")
            var isFirst = true
            envelope.forEachOther { key, value in
                if !isFirst { writer.append(", ") }
                isFirst = false
                writer.append(cefValue: key)
                writer.append(": ")
                writer.append(cefToken: value)
            }
            writer.append(" cs5Label=data")
        }
    }

    private func writeMarks(_ envelope: Envelope, to writer: inout FormWriter) {
        if envelope.tags != nil || envelope.isReplay {
            writer.append(" cs6=")
            var isFirst = true
            envelope.tags?.forEachElement { tag in
                guard let tag = tag.contents else { return }
                if !isFirst { writer.append(",") }
                isFirst = false
                writer.append(cefValue: tag)
            }
            if envelope.isReplay { writer.append(isFirst ? "replay" : ",replay") }
            writer.append(" cs6Label=tags")
        }
        writer.customField(" flexString1=", envelope.rawError, " flexString1Label=rawError")
        if let redacted = envelope.redacted {
            writer.append(" flexString2=")
            writer.append(cefToken: redacted)
            writer.append(" flexString2Label=redacted")
        }
    }
}

extension Dataset {
    /// Device Vendor and Device Product.
    fileprivate var cefDevice: StaticString {
        switch self {
        case .monitorEvents: "Twilio|Monitor Events"
        case .serverlessLogs: "Twilio|Serverless Logs"
        case .monitorAlerts: "Twilio|Monitor Alerts"
        case .twilship: "twilship|twilship"
        }
    }
}
