/// An account with its credentials and what is ever deployed in it; the same for the same seed.
package struct SimulatedAccount: Sendable {
    package let sid: String
    package let authToken: String
    /// A Main key: may do all that the token may.
    package let mainKeySID: String
    package let mainKeySecret: String
    /// A Standard key: reads all but the accounts list.
    package let keySID: String
    package let keySecret: String
    /// A restricted key: reads Monitor, is refused by Serverless and by the accounts list.
    package let restrictedKeySID: String
    package let restrictedKeySecret: String
    package let friendlyName: String
    /// The account that owns it; its own SID if nobody does.
    package let ownerSID: String
    package let services: [SimulatedService]
    /// When it is created.
    let from: Int64
    let changes: [(at: Int64, status: AccountStatus)]

    package var isSubaccount: Bool { ownerSID != sid }
}

/// A service; which of its parts exist at a time is known to the simulator only.
package struct SimulatedService: Sendable {
    package let sid: String
    package let uniqueName: String
    package let friendlyName: String
    package let environments: [SimulatedEnvironment]
    package let functionPlaces: [SimulatedFunction]
    let life: Life

    /// SIDs.
    package var functions: [String] { functionPlaces.map(\.sid) }
}

package struct SimulatedEnvironment: Sendable {
    package let sid: String
    package let uniqueName: String
    /// Nil for production.
    package let domainSuffix: String?
    /// Nil where nothing is ever deployed.
    package let buildSID: String?
    /// When the build is deployed.
    let deployedAt: Int64
    let life: Life
}

package struct SimulatedFunction: Sendable {
    package let sid: String
    package let friendlyName: String
    let life: Life
}

extension SimulatedAccount {
    /// - Parameter index: 0 is the account whose SID ends in 1. Subaccounts follow the main accounts.
    init(index: Int, options: SimulatorOptions, sids: SIDs) {
        func text(_ prefix: String, _ kind: SIDs.Tag.Kind, _ number: Int) -> String {
            sids.text(prefix, .init(kind: kind, account: index), UInt64(number))
        }
        let plan = index < options.accounts ? nil : options.subaccounts[index - options.accounts]
        sid = "AC" + Self.digits(index).text
        authToken = text("", .secret, 0)
        keySID = text("SK", .key, 1)
        keySecret = text("", .secret, 1)
        restrictedKeySID = text("SK", .key, 2)
        restrictedKeySecret = text("", .secret, 2)
        mainKeySID = text("SK", .key, 3)
        mainKeySecret = text("", .secret, 3)
        friendlyName = plan?.friendlyName ?? "account-\(index + 1)@example.com"
        ownerSID = "AC" + Self.digits(plan?.parent ?? index).text
        from = plan?.from ?? .min
        changes = plan?.changes ?? []
        let services = options.layouts[index] ?? ServicePlan.numbered(options)
        self.services = services.enumerated().map { number, plan in
            SimulatedService(plan, number: number, account: index, sids: sids)
        }
    }

    /// Account SIDs count from AC0…1, so that people recognise them.
    static func digits(_ index: Int) -> SIDs.Digits {
        SIDs.Digits(high: 0, low: UInt64(index) + 1)
    }
}

extension SimulatedService {
    fileprivate init(_ plan: ServicePlan, number: Int, account: Int, sids: SIDs) {
        sid = sids.text("ZS", .init(kind: .service, account: account, service: number), 0)
        uniqueName = plan.uniqueName
        friendlyName = plan.friendlyName
        life = plan.life
        environments = plan.environments.enumerated().map { index, plan in
            func tag(_ kind: SIDs.Tag.Kind) -> SIDs.Tag {
                .init(kind: kind, account: account, service: number, environment: index)
            }
            return SimulatedEnvironment(
                sid: sids.text("ZE", tag(.environment), 0), uniqueName: plan.uniqueName,
                domainSuffix: plan.domainSuffix,
                buildSID: plan.deployedAt == nil ? nil : sids.text("ZB", tag(.build), 0),
                deployedAt: plan.deployedAt ?? .max, life: plan.life)
        }
        functionPlaces = plan.functions.enumerated().map { index, plan in
            let tag = SIDs.Tag(kind: .function, account: account, service: number)
            return SimulatedFunction(
                sid: sids.text("ZH", tag, UInt64(index)), friendlyName: plan.friendlyName, life: plan.life)
        }
    }
}
