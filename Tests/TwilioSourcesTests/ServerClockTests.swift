import PipelineCore
import Testing
import TwilioSources

@Suite struct ServerClockTests {
    private let wall = Timestamp(milliseconds: 1_780_000_000_000)

    @Test func `a first Date near our own wall clock is believed at once`() {
        var clock = ServerClock()
        #expect(clock.time(at: .zero) == nil)
        clock.observe(date: wall - .seconds(3), at: .seconds(10), wall: wall)
        #expect(clock.time(at: .seconds(70)) == wall + .seconds(57))
    }

    @Test func `a first Date far from our wall clock needs three answers that agree`() {
        var clock = ServerClock()
        let day = wall + .seconds(86_400)
        clock.observe(date: day, at: .seconds(0), wall: wall)
        clock.observe(date: day + .seconds(1), at: .seconds(1), wall: wall + .seconds(1))
        #expect(clock.time(at: .seconds(1)) == nil)
        clock.observe(date: day + .seconds(2), at: .seconds(2), wall: wall + .seconds(2))
        #expect(clock.time(at: .seconds(2)) == day + .seconds(2))
    }

    @Test func `one lying Date changes nothing, and lies that differ never agree`() {
        var clock = ServerClock()
        clock.observe(date: wall, at: .zero, wall: wall)
        for lie in [86_400, -86_400, 500_000, 7, -90, 12] {
            clock.observe(date: wall + .seconds(lie * 100), at: .zero, wall: wall)
            #expect(clock.time(at: .zero) == wall)
        }
        clock.observe(date: Timestamp(milliseconds: .max), at: .zero, wall: wall)
        clock.observe(date: Timestamp(milliseconds: .min), at: .zero, wall: wall)
        #expect(clock.time(at: .zero) == wall)
    }

    @Test func `whole seconds converge to the truth from the early side`() {
        var clock = ServerClock()
        // The server is 700 ms into a second when we are at 0.
        for millisecond in stride(from: 0, to: 5000, by: 90) {
            let truth = wall + .milliseconds(700 + millisecond)
            clock.observe(date: truth.rounded(downTo: .seconds(1)), at: .milliseconds(millisecond), wall: wall)
            let believed = clock.time(at: .milliseconds(millisecond)) ?? wall
            #expect(believed <= truth)
        }
        let error = (wall + .milliseconds(5700)) - (clock.time(at: .seconds(5)) ?? wall)
        #expect(error < .milliseconds(100))
    }

    @Test(arguments: [
        ("Fri, 03 Oct 2014 16:48:25 GMT", Timestamp(milliseconds: 1_412_354_905_000)),
        ("Fri, 3 Oct 2014 16:48:25 GMT", nil), ("Fri, 03 Oct 2014 16:48:25 UTC", nil), ("", nil), ("now", nil),
        ("Fri, 99 Oct 2014 16:48:25 GMT", nil), ("Fri, 03 Okt 2014 16:48:25 GMT", nil),
    ])
    func `an HTTP Date is read, and nothing else`(text: String, expected: Timestamp?) {
        #expect(timestamp(httpDate: text) == expected)
    }
}
