import PipelineCore

/// What every type of audit event means, listed or not.
///
/// - The data is `event-types.txt`, compiled in and read once.
/// - The list of types is open: one that is not in it has its meaning from its resource and its last word.
/// - A lookup allocates nothing.
package struct EventCatalogue: Sendable {
    /// Of MITRE ATT&CK, which the techniques are numbers of.
    package static let attackVersion = "18"

    package let techniques: [Technique]
    /// Those that Twilio documents (https://www.twilio.com/docs/usage/monitor-events#event-types), sorted.
    package let types: [String]
    /// The kinds of things that events are about, sorted.
    package let resourceTypes: [String]

    private let meanings: [EventMeaning]
    private let meaningNumbers: ByteTable
    private let actions: [CatalogueAction]
    private let resourceNumbers: ByteTable
    /// Of types that are not listed, by resource and action; the last resource is all others.
    private let usualMeanings: [[EventMeaning]]

    /// The file as it is compiled in.
    package static let source = PackageResources.event_types_txt

    package static let shared: EventCatalogue = {
        do throws(CatalogueFault) {
            return try EventCatalogue(source)
        } catch {
            // The file is part of the program, and CataloguingTests read it: no input leads here.
            preconditionFailure("\(error)")
        }
    }()

    package init(_ source: [UInt8]) throws(CatalogueFault) {
        let reader = try CatalogueReader(source)
        techniques = reader.techniques
        types = reader.events.map(\.type)
        resourceTypes = reader.resources.dropLast().map(\.type)
        meanings = reader.events.map(\.meaning)
        meaningNumbers = ByteTable(types)
        actions = reader.actions
        resourceNumbers = ByteTable(resourceTypes)
        usualMeanings = reader.usualMeanings
    }

    package func meaning(of type: Span<UInt8>) -> EventMeaning {
        if let number = meaningNumbers.number(of: type) { return meanings[number] }
        // Nothing is left of the actions that does not match.
        let action = actions.firstIndex { $0.matches(type) } ?? actions.count - 1
        return usualMeanings[resource(of: type)][action]
    }

    /// The longest beginning up to a full stop that is a resource type: types of resources have full stops, too.
    private func resource(of type: Span<UInt8>) -> Int {
        var end = type.count
        while end > 0 {
            if let number = resourceNumbers.number(of: type.extracting(first: end)) { return number }
            end -= 1
            while end > 0, type[end] != UInt8(ascii: ".") { end -= 1 }
        }
        return resourceTypes.count
    }
}
