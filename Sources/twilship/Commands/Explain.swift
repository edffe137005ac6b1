import ArgumentParser
import PipelineCore
import Spooling

/// Tells what became of one record.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell when a record was fetched, where it is, and which sinks have it.",
        discussion: """
            For each sink it says whether the record waits, was delivered and at which
            attempt, was filtered, was refused and is a dead letter, or was skipped, and
            by which replays it is sent again.

            Works beside a running service and without one.

            Examples:
              twilship explain AE0123456789abcdef0123456789abcdef
              twilship explain --json NO0123456789abcdef0123456789abcdef

            Exit codes: 0 the record is known; 1 it is not; 64 that is no id of a record;
            73, 74 the state cannot be read; 77 you may not ask the service; 78 the
            configuration is wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Answer as JSON.") var json = false
    @Argument(help: "The record's id: AE or NO and 32 hexadecimal digits, or sha256: and 64.") var sid: String

    func validate() throws {
        guard RecordIdentity(envelopeID: sid) != nil else { throw ValidationError("\(sid): \(ExplainRecord.form).") }
    }

    func run() async throws {
        try await CommandClient(options: options, isExact: json).carryOut(ExplainRecord(id: sid, json: json))
    }
}
