import Testing

@testable import Settings

struct CapabilitiesTests {
    @Test func `a sink type that is not there yet is named with those that are`() {
        var filesOnly = Capabilities.thisVersion
        filesOnly.sinkTypes = [.file]
        let found = faults(in: goodAccount + syslogSink + "colour = 1\n", filesOnly)
        #expect(
            found == [
                "7:8: error: sink type \"syslog\" is not available in this version; available: file",
                "9:1: error: unknown key `colour` in [[sink]]; its keys are "
                    + Schema.keys(of: "sink").sorted().joined(separator: ", "),
            ])
    }

    @Test func `an option of a sink that is not there yet is refused`() {
        var gzipOnly = Capabilities.thisVersion
        gzipOnly.fileCompressions = [.gzip, .none]
        #expect(
            faults(in: goodAccount + fileSink + "compression = \"zstd\"\n", gzipOnly) == [
                "9:15: error: file compression \"zstd\" is not available in this version; available: gzip, none"
            ])
    }

    /// Able to collect events only.
    private static let eventsOnly: Capabilities = {
        var capabilities = Capabilities.thisVersion
        capabilities.datasets = [.monitorEvents, .twilship]
        capabilities.features = []
        return capabilities
    }()

    @Test func `this version collects every dataset, of subaccounts too`() throws {
        let text =
            goodAccount + "subaccounts = \"discover\"\nrate_limit.scope = \"environment\"\n"
            + "[account.logs]\nenabled = true\n[account.alerts]\nenabled = true\n" + goodSink
            + "[sink.filter]\ndatasets = [\"monitor.events\", \"serverless.logs\", \"monitor.alerts\"]\n"
        let account = try load(text, .thisVersion).accounts[0]
        #expect(account.collections.map(\.enabled) == [true, true, true])
        #expect(account.subaccounts == .discover)
        #expect(account.rateLimit.scope == .environment)
    }

    @Test func `datasets that are not there yet are refused when they are asked for`() {
        let text = goodAccount + "[account.logs]\nenabled = true\n[account.alerts]\nenabled = true\n" + goodSink
        #expect(
            faults(in: text, Self.eventsOnly) == [
                "6:11: error: dataset \"serverless.logs\" is not available in this version; available: monitor.events",
                "8:11: error: dataset \"monitor.alerts\" is not available in this version; available: monitor.events",
            ])
    }

    @Test func `a dataset that is not there yet is off, and its table still checked`() throws {
        let table = "[account.logs]\npoll_interval = \"20s\"\n"
        #expect(try !load(goodAccount + table + goodSink, Self.eventsOnly).accounts[0].logs.enabled)
        #expect(try !load(goodConfiguration, Self.eventsOnly).accounts[0].logs.enabled)
        #expect(faults(in: goodAccount + table + "overlap = 3\n" + goodSink, Self.eventsOnly).count == 1)
    }

    @Test func `an account needs a dataset that is there`() {
        let text = goodAccount + "[account.events]\nenabled = false\n" + goodSink
        #expect(
            faults(in: text, Self.eventsOnly)
                == ["1:1: error: nothing is collected from this account; enable monitor.events"])
    }

    @Test func `a filter for a dataset that is not there yet is refused`() {
        let text = goodAccount + fileSink + "[sink.filter]\ndatasets = [\"serverless.logs\"]\n"
        #expect(faults(in: text, Self.eventsOnly).first?.contains("available: monitor.events, twilship") == true)
    }

    @Test(arguments: [
        ("[metrics]\nlisten = \"127.0.0.1:1\"\n", "listen in [metrics]"),
        ("[metrics]\ntextfile = \"/a.prom\"\n", "textfile in [metrics]"),
    ])
    func `metrics that are not there yet are refused`(_ text: String, _ name: String) {
        let found = faults(in: text + goodConfiguration, Self.eventsOnly)
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix("error: \(name) is not available in this version; leave it out") == true)
    }

    @Test func `subaccounts and scopes that are not there yet are refused`() {
        let text = goodAccount + "subaccounts = \"discover\"\nrate_limit.scope = \"environment\"\n" + goodSink
        #expect(
            faults(in: text, Self.eventsOnly) == [
                "5:15: error: subaccounts = \"discover\" is not available in this version; leave it out",
                "6:20: error: scope = \"environment\" is not available in this version; leave it out",
            ])
    }

    @Test func `without gzip, files are not compressed`() throws {
        var capabilities = Capabilities.thisVersion
        capabilities.fileCompressions = [.none]
        #expect(try load(goodConfiguration, capabilities).sinks[0].file?.compression == FileCompression.none)
    }
}
