extension GenericPreset {
    /// What a webhook makes of a request is not known, so it gets none.
    func probe() async -> [Finding] { [] }
}
