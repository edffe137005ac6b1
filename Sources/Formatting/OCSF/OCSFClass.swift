import Cataloguing
import PipelineCore

/// What kind of event a record is in the Open Cybersecurity Schema Framework (https://schema.ocsf.io/1.8.0).
struct OCSFClass {
    /// What a class requires beyond what all events have, and so decides how the record is written: an entity `entity`, a
    /// resource `web_resources`, an account change `user`, an authentication `service`, too.
    enum Shape {
        case audit(AuditClass)
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

    /// - Parameter meaning: nil of what is no audit event.
    init(_ envelope: Envelope, _ meaning: EventMeaning?) {
        switch envelope.dataset {
        case .serverlessLogs where envelope.severity == .error: self.init(.error, 1, "General Error")
        case .monitorAlerts: self.init(.error, 1, "General Error")
        case .twilship: self.init(own: envelope.type ?? ("" as StaticString).text)
        case .monitorEvents, .serverlessLogs:
            if let words = meaning?.ocsf {
                self.init(words, hasUser: envelope.ocsfUser != nil)
            } else {
                self.init(.application, Self.other, nil)
            }
        }
    }

    /// What is about a user and names none is about an entity.
    private init(_ words: OCSFWords, hasUser: Bool) {
        let needsUser = words.auditClass == .account || words.auditClass == .authentication
        let auditClass = needsUser && !hasUser ? .entity : words.auditClass
        let activity = needsUser && !hasUser ? words.entityActivity : words.activity
        let (id, name) = activity.number(in: auditClass)
        self.init(.audit(auditClass), id, name)
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
        case .audit(let auditClass): auditClass.uid
        case .application: 6002
        case .error: 6008
        }
    }

    var name: StaticString {
        switch self {
        case .audit(let auditClass): auditClass.name
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
