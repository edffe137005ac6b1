extension SimulatedAccount {
    /// SIDs, credentials and places, for programs.
    package var json: String {
        let services = services.map { service in
            let environments = service.environments.map {
                """
                {"sid": "\($0.sid)", "unique_name": \(JSONText.string($0.uniqueName)), \
                "build_sid": \(JSONText.string(orNull: $0.buildSID))}
                """
            }
            return """
                {"sid": "\(service.sid)", "unique_name": \(JSONText.string(service.uniqueName)), \
                "friendly_name": \(JSONText.string(service.friendlyName)), \
                "functions": \(JSONText.array(service.functions.map(JSONText.string))), \
                "environments": \(JSONText.array(environments))}
                """
        }
        return """
            {"sid": "\(sid)", "auth_token": "\(authToken)", "key_sid": "\(keySID)", "key_secret": "\(keySecret)", \
            "main_key_sid": "\(mainKeySID)", "main_key_secret": "\(mainKeySecret)", \
            "restricted_key_sid": "\(restrictedKeySID)", "restricted_key_secret": "\(restrictedKeySecret)", \
            "friendly_name": \(JSONText.string(friendlyName)), "owner_account_sid": "\(ownerSID)", \
            "services": \(JSONText.array(services))}
            """
    }
}
