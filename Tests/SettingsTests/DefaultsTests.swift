import Testing

@testable import Settings

struct DefaultsTests {
    @Test func `the full configuration is accepted`() throws {
        #expect(faults(in: fullConfiguration) == [])
    }
}
