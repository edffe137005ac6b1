import Settings

/// What a sink's filter lets through, as `check` tells it.
struct FilterReport {
    let lines: [String]

    init(_ filter: FilterSettings) {
        guard !filter.isEmpty else {
            lines = ["takes every record"]
            return
        }
        lines = []
    }
}
