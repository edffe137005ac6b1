import Cataloguing
import PipelineCore

extension Envelope {
    /// What the catalogue says of an audit event; nil of other records.
    var meaning: EventMeaning? {
        guard dataset == .monitorEvents else { return nil }
        return EventCatalogue.shared.meaning(of: (type ?? ("" as StaticString).text).span)
    }
}
