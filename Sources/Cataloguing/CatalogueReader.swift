import PipelineCore

/// What is wrong with the catalogue, and where.
package struct CatalogueFault: Error, CustomStringConvertible {
    package let line: Int
    package let reason: String

    package var description: String { "event-types.txt, line \(line): \(reason)" }
}

/// Reads `event-types.txt`, whose comments say what may stand in it.
package struct CatalogueReader {
    package struct Resource {
        package let type: String
        package let categories: [String]
        let ecsType: ECSType
        let auditClass: AuditClass
        /// Nil: the action's.
        let activity: AuditActivity?
        let entity: AuditEntity?
        package let about: String
    }

    package struct Event {
        package let type: String
        package let meaning: EventMeaning
        /// As it stands in the file.
        package let raise: String
        package let reason: String
    }

    /// How `event.type` follows from the action.
    enum ECSType {
        case action
        /// A word, and the action's.
        case with(String)
        case always(String)
    }

    package private(set) var techniques: [Technique] = []
    private(set) var actions: [CatalogueAction] = []
    /// The last one, `*`, is for all others.
    package private(set) var resources: [Resource] = []
    package private(set) var events: [Event] = []

    package init(_ source: [UInt8]) throws(CatalogueFault) {
        var section = ""
        var line = 0
        var rows: [CatalogueRow] = []
        for text in String(decoding: source, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            line += 1
            let text = text.prefix { $0 != "#" }
            guard text.contains(where: { $0 != " " }) else { continue }
            if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
                section = String(text[text.index(after: text.startIndex)..<end])
            } else {
                rows.append(CatalogueRow(section: section, line: line, text))
            }
        }
        let sections = ["techniques", "actions", "resources", "events"]
        if let stray = rows.first(where: { !sections.contains($0.section) }) {
            throw stray.fault("[\(stray.section)] is none of the sections \(sections.joined(separator: ", "))")
        }
        for section in sections {
            for row in rows where row.section == section { try add(row) }
        }
        guard actions.last?.isAll == true, resources.last?.type == "*" else {
            throw CatalogueFault(line: line, reason: "the last action and the last resource must be *, for all others")
        }
    }

    private mutating func add(_ row: CatalogueRow) throws(CatalogueFault) {
        switch row.section {
        case "techniques": try addTechnique(row)
        case "actions": try addAction(row)
        case "resources": try addResource(row)
        default: try addEvent(row)
        }
    }

    private mutating func addTechnique(_ row: CatalogueRow) throws(CatalogueFault) {
        let id = row[0]
        let stem = id.prefix { $0 != "." }
        let parent = stem.count == id.count ? nil : techniques.firstIndex { $0.id == stem }
        guard id.first == "T", id.count == 5 || parent != nil && id.count == 9, !row[1].isEmpty else {
            throw row.fault("\(id) is no technique like T1098, or a sub-technique whose technique is not before it")
        }
        techniques.append(Technique(id: id, name: row[1], parent: parent))
    }

    private mutating func addAction(_ row: CatalogueRow) throws(CatalogueFault) {
        let (severity, activity) = (try row.severity(1), try row.word(3, as: AuditActivity.self))
        guard let action = CatalogueAction(row[0], severity: severity, ecsType: row[2], activity: activity) else {
            throw row.fault("\(row[0]) is none of *, *WORD and *WORD*")
        }
        actions.append(action)
    }

    private mutating func addResource(_ row: CatalogueRow) throws(CatalogueFault) {
        let categories = row[1].split(separator: ",").map { $0.filter { $0 != " " } }
        guard !categories.isEmpty, categories.allSatisfy({ ECSWords.expectedTypes[$0] != nil }) else {
            throw row.fault("\(row[1]) is no category; known are \(ECSWords.expectedTypes.keys.sorted())")
        }
        let words = row[2].split(separator: "+").map { $0.filter { $0 != " " } }
        let ecsType: ECSType? =
            switch words.count {
            case 1: words[0] == "action" ? .action : .always(words[0])
            case 2 where words[1] == "action": .with(words[0])
            default: nil
            }
        guard let ecsType else { throw row.fault("\(row[2]) is none of: action, WORD + action, WORD") }
        let resource = Resource(
            type: row[0], categories: categories, ecsType: ecsType, auditClass: try row.word(3, as: AuditClass.self),
            activity: row[4] == "action" ? nil : try row.word(4, as: AuditActivity.self),
            entity: row[5].isEmpty ? nil : try row.word(5, as: AuditEntity.self), about: row[6])
        guard resources.last.map({ $0.type < resource.type || resource.type == "*" }) ?? true else {
            throw row.fault("\(resource.type) stands twice, or not in alphabetical order")
        }
        try row.check(ecs(resource, "info"))
        resources.append(resource)
    }

    private mutating func addEvent(_ row: CatalogueRow) throws(CatalogueFault) {
        let type = row[0]
        guard events.last.map({ $0.type < type }) ?? true else {
            throw row.fault("\(type) stands twice, or not in alphabetical order")
        }
        let listed = resources.dropLast().filter { type.hasPrefix($0.type + ".") }
        guard let resource = listed.max(by: { $0.type.utf8.count < $1.type.utf8.count }) else {
            throw row.fault("\(type) is of no resource type that is listed")
        }
        guard let action = actions.first(where: { $0.matches(Array(type.utf8).span) }) else {
            throw row.fault("\(type) is none of the actions")
        }
        let raise = row[5].isEmpty ? nil : try row.raise(5)
        let explicit = row[3].split(separator: ",").map { $0.filter { $0 != " " } }
        let ecs =
            explicit.isEmpty
            ? self.ecs(resource, action.ecsType) : ECSWords(categories: resource.categories, types: explicit)
        try row.check(ecs)
        let activity = row[4].isEmpty ? nil : try row.word(4, as: AuditActivity.self)
        let meaning = EventMeaning(
            severity: try row.severity(1), raise: raise,
            technique: row[2].isEmpty ? nil : try row.technique(2, of: techniques, raise), ecs: ecs,
            ocsf: ocsf(resource, action, activity))
        events.append(Event(type: type, meaning: meaning, raise: row[5], reason: row[6]))
    }

    // MARK: - What follows from resource and action

    /// For types that are not listed, by resource and action; equal ones are one object.
    var usualMeanings: [[EventMeaning]] {
        struct Key: Hashable {
            let severity: Severity
            let ecs: ECSWords
            let ocsf: OCSFWords
        }
        var known: [Key: EventMeaning] = [:]
        return resources.map { resource in
            actions.map { action in
                let key = Key(
                    severity: action.severity, ecs: ecs(resource, action.ecsType), ocsf: ocsf(resource, action, nil))
                if let meaning = known[key] { return meaning }
                let meaning = EventMeaning(
                    severity: key.severity, raise: nil, technique: nil, ecs: key.ecs, ocsf: key.ocsf)
                known[key] = meaning
                return meaning
            }
        }
    }

    private func ecs(_ resource: Resource, _ type: String) -> ECSWords {
        let expected = resource.categories.compactMap { ECSWords.expectedTypes[$0] }
        let action = expected.allSatisfy { $0.contains(type) } ? type : "info"
        return switch resource.ecsType {
        case .action: ECSWords(categories: resource.categories, types: [action])
        case .with(let word): ECSWords(categories: resource.categories, types: [word, action])
        case .always(let word): ECSWords(categories: resource.categories, types: [word])
        }
    }

    private func ocsf(_ resource: Resource, _ action: CatalogueAction, _ activity: AuditActivity?) -> OCSFWords {
        OCSFWords(
            auditClass: resource.auditClass, activity: activity ?? resource.activity ?? action.activity,
            entityActivity: action.activity, entity: resource.entity)
    }
}
