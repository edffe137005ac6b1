import Testing

@testable import Settings

struct FullConfigurationTests {
    @Test func `every key of the design is understood`() throws {
        let settings = try load(fullConfiguration)
        #expect(settings.metrics.listen == Endpoint(host: "127.0.0.1", port: 9717))
        #expect(settings.network.proxy?.description == "http://proxy:3128")
        let account = try #require(settings.accounts.first)
        #expect(account.location?.edge == "dublin")
        #expect(account.credential.keySID == "SK0123456789abcdef0123456789abcdef")
        #expect(account.events.baseURL.description == "https://monitor.twilio.com")
        #expect(account.functions.services.selects("ZS1", "shop"))
        #expect(!account.functions.services.selects("ZS1", "dev-shop"))
        #expect(settings.sinks.map(\.name) == ["siem", "splunk", "archive"])
        #expect(settings.sinks[0].syslog?.tls?.serverName == "siem.example.com")
        #expect(settings.sinks[0].filter.types.map(\.pattern) == ["account*", "user*", "security-settings.*"])
        #expect(settings.sinks[0].filter.minimumSeverity == .notice)
        #expect(settings.sinks[1].http?.authentication == .token(.credential("hec")))
        #expect(settings.sinks[1].http?.headers == [HTTPHeaderSetting(name: "X-Team", value: .literal("secops"))])
        #expect(settings.sinks[2].file?.group == "adm")
    }

    @Test func `edge and region are part of the host`() throws {
        let text = goodAccount + "edge = \"dublin\"\nregion = \"ie1\"\n" + goodSink
        let account = try load(text).accounts[0]
        #expect(account.events.baseURL.host == "monitor.dublin.ie1.twilio.com")
        #expect(account.logs.baseURL.host == "serverless.dublin.ie1.twilio.com")
        #expect(account.apiBaseURL.host == "api.dublin.ie1.twilio.com")
    }

    @Test func `the list of accounts can be elsewhere`() throws {
        let text = goodAccount + "api_base_url = \"http://127.0.0.1:8080/\"\n" + goodSink
        let account = try load(text).accounts[0]
        #expect(account.apiBaseURL.description == "http://127.0.0.1:8080")
        #expect(account.events.baseURL.host == "monitor.twilio.com")
    }

    @Test func `subaccounts are chosen by name or SID`() throws {
        let account = try load(goodAccount + discovery + goodSink).accounts[0]
        #expect(account.subaccounts == .discover)
        #expect(account.subaccountNames.selects("AC1", "shop"))
        #expect(!account.subaccountNames.selects("AC1", "dev-shop"))
        #expect(!account.subaccountNames.selects("AC2", "shop"))
        #expect(account.subaccountInterval == .seconds(3_600))
    }

    @Test func `which functions are read, and how much in a day, is the dataset's own`() throws {
        let text =
            goodAccount + """
                [account.events]
                max_reads_per_day = 1000
                [account.logs]
                services = ["shop-*", "!shop-test"]
                environments = ["ZE1"]
                discovery_interval = "1m"
                max_reads_per_day = 2_000_000

                """ + goodSink
        let account = try load(text).accounts[0]
        #expect(account.functions.services.selects("ZS1", "shop-a"))
        #expect(!account.functions.services.selects("ZS1", "shop-test"))
        #expect(account.functions.environments.selects("ZE1", "prod"))
        #expect(!account.functions.environments.selects("ZE2", "prod"))
        #expect(account.functions.discoveryInterval == .seconds(60))
        #expect(account.events.maximumReadsPerDay == 1_000)
        #expect(account.logs.maximumReadsPerDay == 2_000_000)
        #expect(account.alerts.maximumReadsPerDay == nil)
        #expect(try load(load(text).rendered()) == load(text))
    }

    @Test func `a dataset can have a credential, a place and a rate of its own`() throws {
        let text =
            goodAccount + """
                [account.logs]
                key_sid = "SK1123456789abcdef0123456789abcdef"
                secret = "env:LOGS"
                edge = "sydney"
                region = "au1"
                [account.logs.rate_limit]
                burst = 3

                """ + goodSink
        let account = try load(text).accounts[0]
        #expect(account.logs.credential.keySID == "SK1123456789abcdef0123456789abcdef")
        #expect(account.logs.credential.secret == .environment("LOGS"))
        #expect(account.logs.baseURL.host == "serverless.sydney.au1.twilio.com")
        #expect(account.logs.rateLimit.burst == 3)
        #expect(account.logs.rateLimit.requestsPerSecond == 4)
        #expect(account.events.credential == account.credential)
        #expect(account.events.rateLimit.burst == 1)
    }

    @Test func `a start can be an instant, in quotes or not`() throws {
        for written in ["2026-01-31T00:00:00Z", "\"2026-01-31T01:00:00.000+01:00\""] {
            let text = goodAccount + "[account.events]\nstart = \(written)\n" + goodSink
            guard case .instant(let instant) = try load(text).accounts[0].events.start else {
                Issue.record("\(written) is an instant")
                continue
            }
            #expect(instant.millisecondsSinceEpoch == 1_769_817_600_000)
        }
    }

    @Test func `a heartbeat of nothing is off`() throws {
        for written in ["0", "\"0s\""] {
            #expect(try load("[heartbeat]\ninterval = \(written)\n" + goodConfiguration).heartbeat.interval == nil)
        }
    }

    @Test(arguments: [
        fullConfiguration, goodConfiguration, goodAccount + syslogSink, goodAccount + httpSink,
        goodAccount + discovery + goodSink,
    ])
    func `the resolved configuration loads to equal settings`(_ text: String) throws {
        let settings = try load(text)
        let rendered = settings.rendered()
        #expect(faults(in: rendered) == [])
        #expect(try load(rendered) == settings)
    }

    @Test func `odd values survive being rendered`() throws {
        let text = """
            [heartbeat]
            interval = 0
            [rate_limit]
            requests_per_second = 0.5
            [[account]]
            name = 'a "quoted" \\ name'
            account_sid = "\(accountSID)"
            key_sid = "SK0123456789abcdef0123456789abcdef"
            secret = "file:/run/secrets/a b"
            network = { ip_version = 6 }
            rate_limit.burst = 7
            [account.events]
            start = 2026-01-31T00:00:00+02:00
            key_sid = "SK1123456789abcdef0123456789abcdef"
            secret = "env:X"
            [account.logs]
            services = ["!a", "b?"]
            environments = ["*", "!c"]
            [[sink]]
            name = "ünïcode"
            type = "http"
            url = "http://[::1]:8080/a/"
            basic = { user = "u", password = "env:P" }
            headers = { X-B = "2", X-A-Token = "credential:a" }
            hmac = { secret = "credential:sign" }
            start = "90m"
            network = { proxy = "https://proxy" }
            [[sink]]
            name = "socket"
            type = "syslog"
            transport = "unix"
            address = "/dev/log"
            [[sink]]
            name = "out"
            type = "stdout"
            format = "raw"

            """
        let settings = try load(text)
        #expect(try load(settings.rendered()) == settings)
        #expect(settings.sinks[0].http?.url.path == "/a")
    }
}
