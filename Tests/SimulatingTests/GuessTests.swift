import Simulating
import Testing

/// Each way in which Twilio could behave where nobody says how.
@Suite struct GuessTests {
    private static let lists: [(SimulatedDataset, String)] = [
        (.events, "events"), (.alerts, "alerts"), (.logs, "logs"),
    ]

    private func found(
        _ dataset: SimulatedDataset, _ key: String, _ range: String, seconds: [Int64],
        _ configure: (inout SimulatorOptions) -> Void
    ) throws -> [Int] {
        var caller = Caller(configure)
        caller.now += 60_000
        let sids = seconds.map {
            caller.twilio.emit(1, account: caller.account.sid, dataset: dataset, date: epoch + $0, at: caller.now)[0]
        }
        let path = dataset == .events ? "/v1/Events" : dataset == .alerts ? "/v1/Alerts" : caller.logs()
        return try caller.sids(path + range, key: key).compactMap { sids.firstIndex(of: $0) }.sorted()
    }

    @Test(arguments: lists, SimulatorOptions.Bounds.allCases)
    func `bounds are as the setting says in all three lists`(
        _ list: (SimulatedDataset, String), _ bounds: SimulatorOptions.Bounds
    ) throws {
        let range = "?StartDate=2026-11-21T00:00:01Z&EndDate=2026-11-21T00:00:03Z"
        let found = try found(list.0, list.1, range, seconds: [0, 1_000, 2_000, 3_000, 4_000]) { options in
            options.eventBounds = bounds
            options.alertBounds = bounds
            options.logBounds = bounds
        }
        let expected: [Int] =
            switch bounds {
            case .exclusive: [2]
            case .inclusive: [1, 2, 3]
            case .startInclusive: [1, 2]
            case .endInclusive: [2, 3]
            }
        #expect(found == expected)
    }

    @Test(arguments: lists, SimulatorOptions.Fractions.allCases)
    func `fractions of bounds are honoured or ignored in all three lists`(
        _ list: (SimulatedDataset, String), _ fractions: SimulatorOptions.Fractions
    ) throws {
        let range = "?StartDate=2026-11-21T00:00:01.500Z&EndDate=2026-11-21T00:00:03.500Z"
        let found = try found(list.0, list.1, range, seconds: [1_000, 2_000, 3_000, 4_000]) { options in
            options.eventFractions = fractions
            options.alertFractions = fractions
            options.logFractions = fractions
            options.logBounds = .inclusive
        }
        #expect(found == (fractions == .honoured ? [1, 2] : [0, 1, 2]))
    }

    @Test func `a bound without its fraction cuts through records with milliseconds`() throws {
        let range = "?StartDate=2026-11-21T00:00:01.900Z&EndDate=2026-11-21T00:00:03.900Z"
        let found = try found(.logs, "logs", range, seconds: [1_000, 1_500, 3_000, 3_001]) { options in
            options.logFractions = .ignored
            options.logBounds = .inclusive
        }
        #expect(found == [0, 1, 2])
    }

    @Test func `logs shuffled in blocks come each once, and the same at each look`() throws {
        let caller = Caller { options in
            options.history = 300
            options.environments = 1
            options.shuffleSpan = 100
        }
        let target = caller.logs() + "?StartDate=2026-11-01&PageSize=30"
        let found = try caller.sids(target, key: "logs")
        let truth = Array(caller.twilio.truth(dataset: .logs, at: epoch).map(\.sid).reversed())
        #expect(found != truth)
        #expect(found.count == 300)
        for block in stride(from: 0, to: 300, by: 100) {
            #expect(Set(found[block..<block + 100]) == Set(truth[block..<block + 100]))
        }
        #expect(Set(found.prefix(30)) != Set(truth.prefix(30)), "rows wander between pages")
        #expect(try caller.sids(target, key: "logs") == found)
    }

    @Test(arguments: [0, 0.25, 1])
    func `a share of log lines has no function`(_ share: Double) throws {
        let caller = Caller { options in
            options.history = 800
            options.environments = 1
            options.withoutFunction = share
        }
        let logs = try caller.all(caller.logs() + "?StartDate=2026-11-01&PageSize=1000", key: "logs")
        let without = Double(logs.count { $0["function_sid"] == .null }) / Double(logs.count)
        #expect(abs(without - share) < 0.06)
        #expect(logs.allSatisfy { $0.keys.count == 12 })
    }

    @Test(arguments: SimulatorOptions.LateShape.allCases)
    func `late records come within their bounds`(_ shape: SimulatorOptions.LateShape) throws {
        let caller = Caller { options in
            options.rate = 50
            options.rateFor = .seconds(40)
            options.late = 1
            options.lateMin = .seconds(2)
            options.lateMax = .seconds(12)
            options.lateShape = shape
        }
        let truth = caller.twilio.truth(dataset: .logs, at: epoch + 100_000)
        let delays = truth.map { Double($0.readableAt - $0.date) / 1_000 }
        #expect(delays.count > 1_900)
        #expect(delays.allSatisfy { (2...12.1).contains($0) })
        let mean = delays.reduce(0, +) / Double(delays.count)
        let (expected, most) =
            switch shape {
            case .uniform: (7.0, 12.0)
            case .exponential: (3.0, 9.0)
            case .longTail: (3.2, 12.0)
            }
        #expect(abs(mean - expected) < 0.4, "\(mean)")
        #expect((delays.max() ?? 0) > most - 1.5)
    }

    @Test(arguments: SimulatorOptions.ErrorForm.allCases)
    func `errors are told in every form`(_ form: SimulatorOptions.ErrorForm) throws {
        let answer = Caller { $0.errorForm = form }.answer("/v1/Events/AE1")
        #expect(answer.status == 404)
        let body = try? JSONValue(answer.body)
        #expect((body?["code"] == .integer(20404)) == (form == .classic || form == .problem))
        #expect((body?["message"] != nil) == (form == .classic || form == .bare))
        #expect((answer.header("Content-Type") == "application/problem+json") == (form == .problem))
        #expect((body == nil) == (form == .html))
    }

    @Test func `Retry-After is seconds or a date`() {
        for (form, expected) in [
            (SimulatorOptions.RetryAfterForm.seconds, "90"), (.date, "Sat, 21 Nov 2026 00:01:30 GMT"),
        ] {
            let caller = Caller { options in
                options.retryAfter = .seconds(90)
                options.retryAfterForm = form
                options.faults = [.tooMany: 1]
            }
            #expect(caller.answer("/v1/Events").header("Retry-After") == expected)
        }
    }

    @Test func `the rate limit counts by credential, and refused requests if told so`() {
        for (strict, expected) in [(false, 200), (true, 429)] {
            var caller = Caller { options in
                options.requestsPerSecond = 2
                options.rateScope = .credential
                options.countsRefused = strict
            }
            var other = caller
            (other.user, other.password) = (caller.account.keySID, caller.account.keySecret)
            #expect(caller.answer("/v1/Events").status == 200)
            #expect(caller.answer("/v1/Events").status == 200)
            caller.now += 600
            #expect(caller.answer("/v1/Events").status == 429)
            #expect(caller.answer("/v1/Events").status == 429)
            other.now = caller.now
            #expect(other.answer("/v1/Events").status == 200, "another credential has its own limit")
            caller.now += 400
            #expect(caller.answer("/v1/Events").status == expected)
            let summary = caller.twilio.summary(at: caller.now)
            #expect(summary.requests == 6)
            #expect(summary.endpoints == [.events: 6])
            #expect(summary.rateLimited == (strict ? 3 : 2))
            #expect(summary.peakPerSecond == 4)
        }
    }
}
