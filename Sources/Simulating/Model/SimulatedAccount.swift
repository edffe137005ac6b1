/// An account with its credentials and what is deployed in it; the same for the same seed.
package struct SimulatedAccount: Sendable {
    package let sid: String
    package let authToken: String
    package let keySID: String
    package let keySecret: String
    /// A restricted key: reads Monitor, is refused by Serverless.
    package let restrictedKeySID: String
    package let restrictedKeySecret: String
    package let services: [SimulatedService]
}

package struct SimulatedService: Sendable {
    package let sid: String
    package let uniqueName: String
    package let environments: [SimulatedEnvironment]
    /// SIDs.
    package let functions: [String]
}

package struct SimulatedEnvironment: Sendable {
    package let sid: String
    package let uniqueName: String
    /// Nil for production.
    package let domainSuffix: String?
    /// Nil where nothing is deployed.
    package let buildSID: String?
}

extension SimulatedAccount {
    /// - Parameter index: 0 is the account whose SID ends in 1.
    init(index: Int, options: SimulatorOptions, sids: SIDs) {
        func text(_ prefix: String, _ kind: SIDs.Tag.Kind, _ number: Int) -> String {
            sids.text(prefix, .init(kind: kind, account: index), UInt64(number))
        }
        sid = "AC" + Self.digits(index).text
        authToken = text("", .secret, 0)
        keySID = text("SK", .key, 1)
        keySecret = text("", .secret, 1)
        restrictedKeySID = text("SK", .key, 2)
        restrictedKeySecret = text("", .secret, 2)
        services = (0..<options.services).map { service in
            SimulatedService(
                sid: sids.text("ZS", .init(kind: .service, account: index, service: service), 0),
                uniqueName: "service-\(service + 1)",
                environments: (0..<options.environments).map { environment in
                    SimulatedEnvironment(index: environment, service: service, account: index, sids: sids)
                },
                functions: (0..<options.functions).map { function in
                    sids.text("ZH", .init(kind: .function, account: index, service: service), UInt64(function))
                })
        }
    }

    /// Account SIDs count from AC0…1, so that people recognise them.
    static func digits(_ index: Int) -> SIDs.Digits {
        SIDs.Digits(high: 0, low: UInt64(index) + 1)
    }
}

extension SimulatedEnvironment {
    fileprivate init(index: Int, service: Int, account: Int, sids: SIDs) {
        func tag(_ kind: SIDs.Tag.Kind) -> SIDs.Tag {
            .init(kind: kind, account: account, service: service, environment: index)
        }
        sid = sids.text("ZE", tag(.environment), 0)
        let names = ["production", "dev", "stage"]
        uniqueName = index < names.count ? names[index] : "env-\(index + 1)"
        domainSuffix = index == 0 ? nil : names[1 + index % 2]
        buildSID = index % 3 == 2 ? nil : sids.text("ZB", tag(.build), 0)
    }
}
