/// Which function log lines come from.
package enum FunctionChoice: Sendable, Hashable {
    /// Any of the service's, and none now and then.
    case spread
    /// `function_sid` is null.
    case none
    /// The service's function of that index.
    case one(Int)
}

/// Many records of one moment, readable from then on: what a second's query cap is filled with.
package struct PileUp: Sendable {
    /// The index of the account; subaccounts count on behind the main accounts.
    package var account: Int
    package var dataset: SimulatedDataset
    /// For logs: which of the account's environments with a build, counted over all its services.
    package var environment: Int
    /// Milliseconds since 1970; cut to whole seconds where the dataset's dates are.
    package var at: Int64
    package var count: Int
    package var function: FunctionChoice

    package init(
        account: Int = 0, dataset: SimulatedDataset, environment: Int = 0, at: Int64, count: Int,
        function: FunctionChoice = .spread
    ) {
        self.account = account
        self.dataset = dataset
        self.environment = environment
        self.at = at
        self.count = count
        self.function = function
    }
}
