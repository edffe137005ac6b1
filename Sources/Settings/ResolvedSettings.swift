/// The whole configuration as it is used: every value present, typed and within its bounds.
///
/// Secrets are references here; `SecretReference.resolve` reads them when they are needed.
package struct ResolvedSettings: Sendable, Equatable {
    package let state: StateSettings
    package let log: LogSettings
    package let network: NetworkSettings
    package let rateLimit: RateLimitSettings
    package let heartbeat: HeartbeatSettings
    package let metrics: MetricsSettings
    /// At least one; names and account SIDs are unique.
    package let accounts: [AccountSettings]
    /// At least one; names are unique.
    package let sinks: [SinkSettings]

    /// The same with another `[state]`.
    package func with(_ state: StateSettings) -> ResolvedSettings {
        ResolvedSettings(
            state: state, log: log, network: network, rateLimit: rateLimit, heartbeat: heartbeat, metrics: metrics,
            accounts: accounts, sinks: sinks)
    }
}
