import ArgumentParser
import Settings

/// Shows configurations.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print an example configuration, or the one in use.",
        discussion: """
            Examples:
              twilship config example > /etc/twilship/twilship.toml
              twilship config show --config trial.toml

            Exit codes: 0; 78 the configuration is wrong. No secret is read or shown.
            """,
        subcommands: [Example.self, Show.self])

    struct Example: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A commented configuration to start from.")

        func run() {
            Terminal.say(String(decoding: PackageResources.twilship_toml.dropLast(), as: UTF8.self))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The configuration as it is used: includes merged, defaults filled in, secrets as references.")

        @OptionGroup var options: ConfigurationOptions

        func run() throws {
            Terminal.say(try options.load(resolveSecrets: false).rendered())
        }
    }
}
