import PipelineCore

/// What kind of event a record is in the Open Cybersecurity Schema Framework (https://schema.ocsf.io/1.8.0).
struct OCSFClass {
    /// What a class requires beyond what all events have, and so decides how the record is written.
    enum Shape {
        /// `entity`.
        case entity
        /// `user`; an authentication names the `service` too.
        case account, authentication
        /// `web_resources`.
        case resource
        /// `app`.
        case application
        case error
    }

    let shape: Shape
    let activity: Int64
    /// Nil for an activity that the framework does not know; the record's `action` names it then.
    let activityName: StaticString?

    private init(_ shape: Shape, _ activity: Int64, _ activityName: StaticString?) {
        self.shape = shape
        self.activity = activity
        self.activityName = activityName
    }

    private static let other: Int64 = 99

    init(_ envelope: Envelope) {
        let type = envelope.type ?? ("" as StaticString).text
        switch envelope.dataset {
        case .monitorEvents: self.init(audit: EventKind(type), hasUser: envelope.ocsfUser != nil)
        case .serverlessLogs where envelope.severity == .error: self.init(.error, 1, "General Error")
        case .serverlessLogs: self.init(.application, Self.other, nil)
        case .monitorAlerts: self.init(.error, 1, "General Error")
        case .twilship: self.init(own: type)
        }
    }

    private init(audit kind: EventKind, hasUser: Bool) {
        switch kind.subject {
        case .session where hasUser: self.init(session: kind.verb)
        case .user where hasUser: self.init(user: kind.verb)
        case .password where hasUser:
            let isChange = kind.verb == .updated
            self.init(.account, isChange ? 3 : Self.other, isChange ? "Password Change" : nil)
        case .content: self.init(content: kind.verb)
        default: self.init(entity: kind.verb)
        }
    }

    private init(session verb: EventKind.Verb) {
        switch verb {
        case .created: self.init(.authentication, 1, "Logon")
        case .deleted: self.init(.authentication, 2, "Logoff")
        default: self.init(.authentication, Self.other, nil)
        }
    }

    private init(user verb: EventKind.Verb) {
        switch verb {
        case .created: self.init(.account, 1, "Create")
        case .deleted: self.init(.account, 6, "Delete")
        case .enabled: self.init(.account, 2, "Enable")
        case .disabled: self.init(.account, 5, "Disable")
        case .updated, .read, .exported, .other: self.init(.account, Self.other, nil)
        }
    }

    private init(content verb: EventKind.Verb) {
        switch verb {
        case .created: self.init(.resource, 1, "Create")
        case .read: self.init(.resource, 2, "Read")
        case .updated: self.init(.resource, 3, "Update")
        case .deleted: self.init(.resource, 4, "Delete")
        case .exported: self.init(.resource, 7, "Export")
        case .enabled, .disabled, .other: self.init(.resource, Self.other, nil)
        }
    }

    private init(entity verb: EventKind.Verb) {
        switch verb {
        case .created: self.init(.entity, 1, "Create")
        case .read: self.init(.entity, 2, "Read")
        case .updated: self.init(.entity, 3, "Update")
        case .deleted: self.init(.entity, 4, "Delete")
        case .enabled: self.init(.entity, 8, "Enable")
        case .disabled: self.init(.entity, 9, "Disable")
        case .exported, .other: self.init(.entity, Self.other, nil)
        }
    }

    private init(own type: Text) {
        if type.hasSuffix(".started") {
            self.init(.application, 3, "Start")
        } else if type.hasSuffix(".stopped") {
            self.init(.application, 4, "Stop")
        } else if type.hasSuffix(".gap") || type.hasSuffix(".failing") || type.hasSuffix(".dead_letter") {
            self.init(.error, 1, "General Error")
        } else {
            self.init(.application, Self.other, nil)
        }
    }
}

extension OCSFClass.Shape {
    var uid: Int64 {
        switch self {
        case .entity: 3004
        case .account: 3001
        case .authentication: 3002
        case .resource: 6001
        case .application: 6002
        case .error: 6008
        }
    }

    var name: StaticString {
        switch self {
        case .entity: "Entity Management"
        case .account: "Account Change"
        case .authentication: "Authentication"
        case .resource: "Web Resources Activity"
        case .application: "Application Lifecycle"
        case .error: "Application Error"
        }
    }
}

extension Envelope {
    /// The user whom an account change or a session is about: the resource, else the actor.
    var ocsfUser: Text? {
        resource.isUser ? resource.sid : actor.isUser ? actor.sid : nil
    }
}
