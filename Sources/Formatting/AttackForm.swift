import Cataloguing

/// A technique of MITRE ATT&CK as members of an object, with a comma behind them: made once, since there are few.
struct AttackForm: Sendable {
    let ecs: [UInt8]
    let ocsf: [UInt8]

    /// In the order of `EventCatalogue.techniques`.
    private static let all: [AttackForm] = {
        let techniques = EventCatalogue.shared.techniques
        return techniques.map { technique in
            let parent = technique.parent.map { techniques[$0] }
            return AttackForm(parent ?? technique, subtechnique: parent == nil ? nil : technique)
        }
    }()

    /// Nil if nothing fits, or only once the event is worse.
    static func of(_ meaning: EventMeaning, _ envelope: Envelope) -> AttackForm? {
        guard let tag = meaning.technique, tag.applies(at: envelope.severity) else { return nil }
        return all[tag.index]
    }

    /// Their names and numbers need no escapes; a test reads them all as JSON.
    private init(_ technique: Technique, subtechnique: Technique?) {
        func ecs(_ technique: Technique) -> String {
            let place = technique.id.split(separator: ".").joined(separator: "/")
            return #""id":["\#(technique.id)"],"name":["\#(technique.name)"],"#
                + #""reference":["https://attack.mitre.org/techniques/\#(place)/"]"#
        }
        func ocsf(_ technique: Technique) -> String { #"{"uid":"\#(technique.id)","name":"\#(technique.name)"}"# }
        let below = subtechnique.map { #","subtechnique":{\#(ecs($0))}"# } ?? ""
        self.ecs = Array(
            #""threat":{"framework":"MITRE ATT&CK","technique":{\#(ecs(technique))\#(below)}},"#.utf8)
        let under = subtechnique.map { #","sub_technique":\#(ocsf($0))"# } ?? ""
        self.ocsf = Array(
            #""attacks":[{"version":"\#(EventCatalogue.attackVersion)","technique":\#(ocsf(technique))\#(under)}],"#
                .utf8)
    }
}
