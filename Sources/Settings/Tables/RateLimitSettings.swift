/// `[rate_limit]`, also below an account and its datasets: how fast Twilio is asked.
package struct RateLimitSettings: Sendable, Equatable {
    /// What shares one limit.
    package enum Scope: String, Sendable, CaseIterable { case account, environment, credential }

    package let requestsPerSecond: Double
    package let burst: Int
    package let scope: Scope

    /// Twilio allows 5 requests a second on Logs; the upper bound is for simulators.
    private static let rateBounds = 0.01...100_000
    private static let burstBounds = 1...1_000

    /// - Parameter outer: gives the values that are not written here.
    init(_ reader: TableReader?, inheriting outer: RateLimitSettings?) {
        requestsPerSecond =
            reader?.number("requests_per_second", in: Self.rateBounds) ?? outer?.requestsPerSecond ?? 4
        burst = reader?.integer("burst", in: Self.burstBounds) ?? outer?.burst ?? 1
        let given = reader?.choice("scope", of: Scope.self)
        if given == .environment { reader?.requires(.environmentScope, for: "scope") }
        scope = given ?? outer?.scope ?? .account
        reader?.finish()
    }

    func write(to writer: inout TOMLWriter, table: String) {
        writer.table(table)
        writer.key("requests_per_second", requestsPerSecond)
        writer.key("burst", burst)
        writer.key("scope", scope.rawValue)
    }
}
