/// Monitor Alerts: `/v1/Alerts`.
extension SimulatorState {
    mutating func alertsList(
        _ request: SimulatedRequest, _ context: AnswerContext
    ) throws(ListQuery.Refusal) -> SimulatedResponse {
        let query = try ListQuery(request, filters: ["LogLevel", "StartDate", "EndDate"])
        let (alerts, account) = (writer.alerts, context.account)
        let selection = Selection(
            dates: try query.dates(options.alertBounds, options.alertFractions), cap: options.alertsCap,
            capForm: options.alertsCapForm,
            filter: query.filter("LogLevel").map { level in
                { alerts.level($0, account: account) == level.lowercased() }
            })
        let stream = alertStreams[account]
        let page = try page(query, stream: stream, selection, fault: context.fault)
        return listAnswer(query, page, stream: stream, key: "alerts", context)
    }
}
