import Controlling

/// What a command says while it works, whether it works in the service or in the process that was started for it.
struct CommandVoice: Sendable {
    /// The first character of a line between service and command.
    enum Kind: Character, Sendable {
        /// For stdout.
        case answer = "="
        /// A sentence for stderr.
        case remark = "!"
        /// How far it is, a `WorkProgress`; the next one replaces it.
        case progress = "~"
    }

    let say: @Sendable (Kind, String) async throws -> Void

    func answer(_ text: String) async throws { try await say(.answer, text) }
    func remark(_ text: String) async throws { try await say(.remark, text) }
    func progress(_ progress: WorkProgress) async throws { try await say(.progress, progress.encoded) }
}

extension CommandVoice {
    /// Over the control socket. A line that is too long for it is left out, and that is said.
    init(_ answer: ControlAnswer) {
        self.init { kind, text in
            do throws(ControlAnswerError) {
                try await answer.line("\(kind.rawValue)\(text)")
            } catch {
                guard case .lineTooLong = error else { throw error }
                try await answer.line("\(Kind.remark.rawValue)something cannot be shown: \(error)")
            }
        }
    }

    /// Takes a line of the service apart; what a newer service may say besides is for stderr.
    static func heard(_ line: String) -> (kind: Kind, text: String) {
        guard let first = line.first, let kind = Kind(rawValue: first) else { return (.remark, line) }
        return (kind, String(line.dropFirst()))
    }
}

/// Why a command is not carried out, or not to its end: a sentence and an exit code of sysexits.h.
struct CommandRefusal: Error {
    let exit: Int32
    let sentence: String

    static func usage(_ sentence: String) -> CommandRefusal { CommandRefusal(exit: 64, sentence: sentence) }

    var end: ControlEnd { ControlEnd(exit: exit, error: sentence) }
}

extension CommandVoice {
    /// For those who say something and do not mind whether it is heard.
    var spoken: @Sendable (String) async -> Void {
        { text in try? await remark(text) }
    }
}
