import Foundation

/// One line of an answer.
enum AnswerMessage: Equatable {
    case line(String)
    case end(ControlEnd)

    private struct Form: Codable {
        var line: String?
        var end: ControlEnd?
    }

    /// With its newline. Texts always have a JSON, so there is nothing to throw.
    func encoded() -> [UInt8] {
        let form =
            switch self {
            case .line(let line): Form(line: line)
            case .end(let end): Form(end: end)
            }
        let data = (try? JSONEncoder().encode(form)) ?? Data()
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// nil if it is none.
    init?(decoding bytes: [UInt8]) {
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(bytes)) else { return nil }
        switch (form.line, form.end) {
        case (let line?, nil): self = .line(line)
        case (nil, let end?): self = .end(end)
        default: return nil
        }
    }

}
