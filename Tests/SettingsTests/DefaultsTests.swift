import Testing

@testable import Settings

struct DefaultsTests {
    @Test func `the smallest configuration has every default`() throws {
        let settings = try load(goodConfiguration)
        #expect(settings.state.directory == "/var/lib/twilship")
        #expect(settings.state.maximumBytes == 2 * 1024 * 1024 * 1024)
        #expect(settings.state.retain == .seconds(72 * 3600))
        #expect(settings.log.level == .info)
        #expect(settings.log.target == .auto)
        #expect(settings.log.format == .text)
        #expect(settings.network.proxy == nil)
        #expect(settings.network.ipVersion == .any)
        #expect(settings.rateLimit.requestsPerSecond == 4)
        #expect(settings.rateLimit.burst == 1)
        #expect(settings.rateLimit.scope == .account)
        #expect(settings.heartbeat.interval == .seconds(300))
        #expect(settings.metrics.listen == nil)
    }

    @Test func `an account has every default`() throws {
        let account = try load(goodConfiguration).accounts[0]
        #expect(account.credential.keySID == nil)
        #expect(account.credential.secret == .credential("production"))
        #expect(account.location == nil)
        #expect(account.subaccounts == .none)
        #expect(account.subaccountNames == .everything)
        #expect(account.subaccountInterval == .seconds(900))
        #expect(account.apiBaseURL.description == "https://api.twilio.com")
        #expect(account.events.enabled)
        #expect(account.events.pollInterval == .seconds(30))
        #expect(account.events.overlap == .seconds(600))
        #expect(account.events.rereadAfter == [.seconds(3600), .seconds(86400)])
        #expect(account.events.start == .ago(.seconds(30 * 86400)))
        #expect(account.events.pageSize == 1000)
        #expect(account.collections.allSatisfy { $0.maximumReadsPerDay == nil })
        #expect(account.events.baseURL.description == "https://monitor.twilio.com")
        #expect(account.events.rateLimit == account.rateLimit)
        #expect(account.logs.enabled)
        #expect(account.logs.pollInterval == .seconds(10))
        #expect(account.logs.overlap == .seconds(300))
        #expect(account.logs.start == .ago(.seconds(86400)))
        #expect(account.logs.baseURL.description == "https://serverless.twilio.com")
        #expect(account.functions.discoveryInterval == .seconds(300))
        #expect(account.functions.services.selects("ZS1", "anything"))
        #expect(account.functions.environments.selects("ZE1", "anything"))
        #expect(!account.alerts.enabled)
    }

    @Test func `a file sink has every default`() throws {
        let sink = try load(goodConfiguration).sinks[0]
        #expect(sink.format == .envelope)
        #expect(sink.raw == .object)
        #expect(sink.redact.isEmpty)
        #expect(sink.start == .now)
        #expect(sink.whenFull == .wait)
        #expect(sink.filter.isEmpty)
        #expect(sink.batch.maximumRecords == 4000)
        #expect(sink.batch.maximumBytes == 4 << 20)
        #expect(sink.batch.maximumWait == .seconds(1))
        #expect(sink.batch.inFlight == 1)
        #expect(sink.retry.initial == .seconds(1))
        #expect(sink.retry.maximum == .seconds(300))
        let file = try #require(sink.file)
        #expect(file.rotateBytes == 100 << 20)
        #expect(file.rotateInterval == .seconds(86400))
        #expect(file.compression == .gzip)
        #expect(file.keepFiles == 30)
        #expect(file.keep == .seconds(30 * 86400))
        #expect(file.mode == 0o640)
        #expect(file.group == nil)
        #expect(
            file.path.parts == [
                .text("/var/log/twilship/"), .placeholder(.account), .text(".jsonl"),
            ])
    }

    @Test func `a syslog sink has every default`() throws {
        let syslog = try #require(load(goodAccount + syslogSink).sinks[0].syslog)
        #expect(syslog.addresses == .hosts([Endpoint(host: "siem", port: 6514)]))
        #expect(syslog.transport == .tls)
        #expect(syslog.framing == .octetCounting)
        #expect(syslog.facility.code == 16)
        #expect(syslog.hostname == nil)
        #expect(syslog.appName == "twilship")
        #expect(syslog.structuredDataID == "twilship@32473")
        #expect(!syslog.byteOrderMark)
        #expect(syslog.maximumMessageBytes == 8192)
        #expect(syslog.confirmAfter == .seconds(2))
        #expect(syslog.tls == nil)
    }

    @Test func `udp has smaller messages`() throws {
        let syslog = try #require(load(goodAccount + syslogSink + "transport = \"udp\"\n").sinks[0].syslog)
        #expect(syslog.maximumMessageBytes == 2048)
    }

    @Test func `an http sink has every default`() throws {
        let http = try #require(load(goodAccount + httpSink).sinks[0].http)
        #expect(http.preset == .generic)
        #expect(http.authentication == .none)
        #expect(!http.acknowledgement)
        #expect(http.compression == .gzip)
        #expect(http.headers.isEmpty)
        #expect(http.timeout == .seconds(30))
        #expect(http.encoding == .ndjson)
        #expect(http.signature == nil)
    }

    @Test func `presets bring their own defaults`() throws {
        let elastic = try load(goodAccount + httpSink + "preset = \"elastic_bulk\"\n").sinks[0]
        #expect(elastic.format == .ecs)
        #expect(elastic.raw == .string)
        let splunk = try load(goodAccount + httpSink + "preset = \"splunk_hec\"\ntoken = \"env:HEC\"\n").sinks[0]
        #expect(splunk.http?.acknowledgement == true)
        #expect(splunk.http?.sourcetype == "twilship:envelope")
    }

    @Test func `the state directory is systemd's if it gives one`() throws {
        let text = Array(goodConfiguration.utf8)
        let settings = try SettingsFile.load(
            text: text, named: "t.toml", environment: ["STATE_DIRECTORY": "/var/lib/one:/var/lib/two"])
        #expect(settings.state.directory == "/var/lib/one")
    }
}

extension SinkSettings {
    var file: FileSinkSettings? { if case .file(let file) = kind { file } else { nil } }
    var syslog: SyslogSinkSettings? { if case .syslog(let syslog) = kind { syslog } else { nil } }
    var http: HTTPSinkSettings? { if case .http(let http) = kind { http } else { nil } }
}
