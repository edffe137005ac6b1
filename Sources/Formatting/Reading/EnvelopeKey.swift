/// The keys at an envelope's top, in their order; without `raw`, whose place is known.
enum EnvelopeKey: Int {
    case schema, id, dataset, account, accountSID, time, collected, type, action, severity, actor, resource, function,
        alert, changes, message
    case tags, timeError, rawError, shortened, truncated, redacted
    case collector
    /// A key that only twilship's own records have, or none that is known.
    case other

    init(_ key: Text) {
        self =
            switch key.count {
            case 2 where key.equals("id"): .id
            case 4 where key.equals("time"): .time
            case 4 where key.equals("type"): .type
            case 4 where key.equals("tags"): .tags
            case 5 where key.equals("actor"): .actor
            case 5 where key.equals("alert"): .alert
            case 6 where key.equals("schema"): .schema
            case 6 where key.equals("action"): .action
            case 7 where key.equals("dataset"): .dataset
            case 7 where key.equals("account"): .account
            case 7 where key.equals("changes"): .changes
            case 7 where key.equals("message"): .message
            case 8 where key.equals("severity"): .severity
            case 8 where key.equals("resource"): .resource
            case 8 where key.equals("function"): .function
            case 8 where key.equals("redacted"): .redacted
            case 9 where key.equals("collected"): .collected
            case 9 where key.equals("collector"): .collector
            case 9 where key.equals("raw_error"): .rawError
            case 9 where key.equals("shortened"): .shortened
            case 9 where key.equals("truncated"): .truncated
            case 10 where key.equals("time_error"): .timeError
            case 11 where key.equals("account_sid"): .accountSID
            default: .other
            }
    }

    /// Whether it says who, what or when, and so is never left out.
    var isEssential: Bool {
        switch self {
        case .schema, .id, .dataset, .account, .accountSID, .time, .collected, .type, .action, .severity: true
        default: false
        }
    }
}
