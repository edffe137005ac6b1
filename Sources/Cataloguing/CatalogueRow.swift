import PipelineCore

/// A line of the catalogue, cut at its bars. A field behind the last one is empty.
struct CatalogueRow {
    let section: String
    let line: Int
    private let fields: [String]

    init(section: String, line: Int, _ text: some StringProtocol) {
        self.section = section
        self.line = line
        fields = text.split(separator: "|", omittingEmptySubsequences: false).map { field in
            let words = field.split(separator: " ")
            return words.joined(separator: " ")
        }
    }

    subscript(index: Int) -> String { index < fields.count ? fields[index] : "" }

    func fault(_ reason: String) -> CatalogueFault { CatalogueFault(line: line, reason: reason) }

    func word<Word: RawRepresentable<String>>(_ index: Int, as type: Word.Type) throws(CatalogueFault) -> Word {
        guard let word = Word(rawValue: self[index]) else {
            throw fault("\"\(self[index])\" is no \(type)")
        }
        return word
    }

    func severity(_ index: Int) throws(CatalogueFault) -> Severity { try severity(named: self[index]) }

    private func severity(named name: String) throws(CatalogueFault) -> Severity {
        guard let severity = Severity(name: name), severity != .error, severity != .debug else {
            throw fault("\"\(name)\" is none of info, notice, warning, critical, alert")
        }
        return severity
    }

    /// Whether the schema expects these types beside these categories.
    func check(_ words: ECSWords) throws(CatalogueFault) {
        for category in words.categories {
            guard let expected = ECSWords.expectedTypes[category], Set(words.types).isSubset(of: expected) else {
                throw fault("ECS expects none of \(words.types) with the category \(category)")
            }
        }
    }

    /// `T1098.001`, or `T1531 if raised`.
    func technique(
        _ index: Int, of techniques: [Technique], _ raise: Raise?
    ) throws(CatalogueFault) -> TechniqueTag {
        let words = self[index].split(separator: " ")
        let isConditional = words.dropFirst() == ["if", "raised"]
        guard let number = techniques.firstIndex(where: { $0.id == words[0] }), words.count == 1 || isConditional else {
            throw fault("\"\(self[index])\" is no technique of [techniques], alone or with \"if raised\"")
        }
        guard isConditional else { return TechniqueTag(index: number, leastSeverity: nil) }
        guard let raise else { throw fault("\"if raised\", but nothing raises it") }
        return TechniqueTag(index: number, leastSeverity: raise.severity)
    }

    /// `critical if status changed`.
    func raise(_ index: Int) throws(CatalogueFault) -> Raise {
        let words = self[index].split(separator: " ").map(String.init)
        guard words.count > 2, words[1] == "if", let condition = Self.condition(words[2...]) else {
            throw fault("\"\(self[index])\" is none of the raises that the comment before [events] lists")
        }
        return Raise(severity: try severity(named: words[0]), condition: condition)
    }

    private static func condition(_ words: ArraySlice<String>) -> Raise.Condition? {
        switch Array(words) {
        case ["anything", "is", "off"]: return .anythingIsOff
        case ["anything", "was", "opened"]: return .anythingWasOpened
        case ["actor", "is", "not", "resource"]: return .actorIsNotResource
        default: break
        }
        if words.suffix(3) == ["was", "turned", "off"] {
            return words.count == 4 ? field(words[words.startIndex]).map { .wasTurnedOff($0) } : nil
        }
        if words.last == "changed" {
            guard let names = alternatives(words.dropLast()) else { return nil }
            let fields = names.compactMap(field)
            return fields.count == names.count ? .changed(fields) : nil
        }
        guard words.dropFirst().first == "mentions", let field = words.first.flatMap(field),
            let mentioned = alternatives(words.dropFirst(2))
        else { return nil }
        return .mentions(field, mentioned.map { Array($0.lowercased().utf8) })
    }

    /// The words of `a or b or c`.
    private static func alternatives(_ words: ArraySlice<String>) -> [String]? {
        let places = words.enumerated()
        guard words.count % 2 == 1, places.allSatisfy({ ($0 % 2 == 1) == ($1 == "or") }) else { return nil }
        return places.filter { $0.offset % 2 == 0 }.map(\.element)
    }

    private static func field(_ word: String) -> Raise.Field? {
        let name = word.first == "*" ? word.dropFirst() : word[...]
        guard !name.isEmpty, !name.contains("*") else { return nil }
        return Raise.Field(name: Array(name.utf8), isEnding: word.first == "*")
    }
}
