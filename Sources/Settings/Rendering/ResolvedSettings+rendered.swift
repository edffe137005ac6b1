extension ResolvedSettings {
    /// The configuration as it is used, as TOML that loads to equal settings. Secrets are shown as their references.
    package func rendered() -> String {
        var writer = TOMLWriter()
        state.write(to: &writer)
        log.write(to: &writer)
        network.write(to: &writer, table: "network")
        rateLimit.write(to: &writer, table: "rate_limit")
        heartbeat.write(to: &writer)
        metrics.write(to: &writer)
        for account in accounts { account.write(to: &writer, network: network, rateLimit: rateLimit) }
        for sink in sinks { sink.write(to: &writer) }
        return writer.text
    }
}
