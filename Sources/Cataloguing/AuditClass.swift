/// The classes of the Open Cybersecurity Schema Framework that audit events belong to.
package enum AuditClass: String, Sendable, CaseIterable {
    case entity, account, authentication, resource

    package var uid: Int64 {
        switch self {
        case .entity: 3004
        case .account: 3001
        case .authentication: 3002
        case .resource: 6001
        }
    }

    package var name: StaticString {
        switch self {
        case .entity: "Entity Management"
        case .account: "Account Change"
        case .authentication: "Authentication"
        case .resource: "Web Resources Activity"
        }
    }
}

/// What happened, in the words of the catalogue.
package enum AuditActivity: String, Sendable, CaseIterable {
    case create, read, export, update, delete, enable, disable, logon, logoff
    case passwordChange = "password change"
    case other

    /// The number and caption in a class; `other` and no caption if the class does not know it.
    package func number(in auditClass: AuditClass) -> (id: Int64, name: StaticString?) {
        switch (auditClass, self) {
        case (.entity, .create), (.account, .create), (.resource, .create): (1, "Create")
        case (.entity, .read), (.resource, .read): (2, "Read")
        case (.entity, .update), (.resource, .update): (3, "Update")
        case (.entity, .delete), (.resource, .delete): (4, "Delete")
        case (.entity, .enable): (8, "Enable")
        case (.entity, .disable): (9, "Disable")
        case (.account, .enable): (2, "Enable")
        case (.account, .passwordChange): (3, "Password Change")
        case (.account, .disable): (5, "Disable")
        case (.account, .delete): (6, "Delete")
        case (.authentication, .logon): (1, "Logon")
        case (.authentication, .logoff): (2, "Logoff")
        case (.resource, .export): (7, "Export")
        default: (99, nil)
        }
    }
}
