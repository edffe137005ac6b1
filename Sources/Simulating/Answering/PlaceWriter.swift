/// Writes services, environments and functions as JSON.
struct PlaceWriter {
    let account: String
    let now: Int64

    func json(_ service: SimulatedService) -> String {
        let url = url(service)
        let links = ["environments", "functions", "assets", "builds"].map { name in
            "\"\(name)\": \"\(url)/\(name.prefix(1).uppercased())\(name.dropFirst())\""
        }
        return """
            {"sid": "\(service.sid)", "account_sid": "\(account)", \
            "friendly_name": \(JSONText.string(service.friendlyName)), \
            "unique_name": \(JSONText.string(service.uniqueName)), "include_credentials": true, \
            "ui_editable": false, "domain_base": \(JSONText.string(service.uniqueName + "-1234")), \
            "date_created": \(created(service.life)), "date_updated": \(created(service.life)), "url": "\(url)", \
            "links": {\(links.joined(separator: ", "))}}
            """
    }

    func json(_ environment: SimulatedEnvironment, of service: SimulatedService) -> String {
        let url = "\(url(service))/Environments/\(environment.sid)"
        let domain = service.uniqueName + "-1234" + (environment.domainSuffix.map { "-" + $0 } ?? "") + ".twil.io"
        let build = environment.deployedAt <= now ? environment.buildSID : nil
        return """
            {"sid": "\(environment.sid)", "account_sid": "\(account)", "service_sid": "\(service.sid)", \
            "build_sid": \(JSONText.string(orNull: build)), \
            "unique_name": \(JSONText.string(environment.uniqueName)), \
            "domain_suffix": \(JSONText.string(orNull: environment.domainSuffix)), \
            "domain_name": \(JSONText.string(domain)), "date_created": \(created(environment.life)), \
            "date_updated": \(created(environment.life)), "url": "\(url)", \
            "links": {"variables": "\(url)/Variables", "deployments": "\(url)/Deployments", "logs": "\(url)/Logs"}}
            """
    }

    func json(_ function: SimulatedFunction, of service: SimulatedService) -> String {
        let url = "\(url(service))/Functions/\(function.sid)"
        return """
            {"sid": "\(function.sid)", "account_sid": "\(account)", "service_sid": "\(service.sid)", \
            "friendly_name": \(JSONText.string(function.friendlyName)), "date_created": \(created(function.life)), \
            "date_updated": \(created(function.life)), "url": "\(url)", \
            "links": {"function_versions": "\(url)/Versions"}}
            """
    }

    private func url(_ service: SimulatedService) -> String {
        "https://serverless.twilio.com/v1/Services/\(service.sid)"
    }

    private func created(_ life: Life) -> String {
        JSONText.string(TwilioDate.text(life.from == .min ? TwilioDate.longAgo : life.from, fraction: false))
    }
}
