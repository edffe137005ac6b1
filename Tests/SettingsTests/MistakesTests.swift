import Testing

@testable import Settings

/// A configuration with one mistake, where it stands, and what must be said of it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let name: String
    let place: String
    let fragment: String
    let text: String

    init(_ name: String, at place: String, says fragment: String, in text: String) {
        self.name = name
        self.place = place
        self.fragment = fragment
        self.text = text
    }

    var testDescription: String { name }
}

struct MistakesTests {
    @Test(
        arguments: Mistake.syntaxMistakes + Mistake.shapeMistakes + Mistake.valueMistakes + Mistake.accountMistakes
            + Mistake.sinkMistakes)
    func `one mistake gives one fault, in its place, that says what to do`(_ mistake: Mistake) {
        let found = faults(in: mistake.text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(mistake.place + ": error: ") == true)
        #expect(found.first?.contains(mistake.fragment) == true)
        #expect(found.first?.contains("hunter2") == false)
    }
}
