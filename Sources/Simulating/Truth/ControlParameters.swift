/// A control request's parameters, read with words for what is wrong with them.
struct ControlParameters {
    /// A wrong parameter, told to the caller.
    struct Mistake: Error {
        let message: String
    }

    private var values: [String: String] = [:]

    /// A name that is given twice counts as given last.
    init(_ request: SimulatedRequest) {
        for (name, value) in request.query ?? [] { values[name] = value }
    }

    subscript(name: String) -> String? { values[name] }

    func number(_ name: String) throws(Mistake) -> Double {
        guard let number = values[name].flatMap(Double.init), abs(number) < 1e9 else {
            throw Mistake(message: "\(name) must be a number")
        }
        return number
    }

    /// Milliseconds.
    func duration(_ name: String) throws(Mistake) -> Int64 {
        guard let text = values[name], let duration = Duration(simulator: text),
            duration <= SimulatorOptions.Limits.longest
        else { throw Mistake(message: "\(name) must be a duration such as 500ms, 5s, 10m, 2h or 7d") }
        return duration.milliseconds
    }

    /// Nil where it is left out.
    func date(_ name: String) throws(Mistake) -> Int64? {
        guard let text = values[name] else { return nil }
        guard let date = TwilioDate.milliseconds(text) else { throw Mistake(message: "\(name) must be in RFC 3339") }
        return date
    }

    /// A share from 0 to 1; 1 where it is left out.
    func share(_ name: String) throws(Mistake) -> Double {
        let share = values[name] == nil ? 1 : try number(name)
        guard (0...1).contains(share) else { throw Mistake(message: "\(name) must be 0 to 1") }
        return share
    }

    /// One of a type's names; nil where it is left out.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of: Choice.Type
    ) throws(Mistake) -> Choice? {
        guard let text = values[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Mistake(message: "\(name) must be one of \(names)")
        }
        return choice
    }

    /// What `/truth` is asked for.
    func truthQuery() throws(Mistake) -> TruthQuery {
        TruthQuery(
            account: values["account"], dataset: try choice("dataset", of: SimulatedDataset.self),
            service: values["service"], environment: values["environment"], isCurrent: values["readable"] == "now")
    }
}
