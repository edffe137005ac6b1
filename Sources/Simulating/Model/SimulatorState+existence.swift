/// What exists at a time.
extension SimulatorState {
    func status(of account: Int) -> AccountStatus {
        statuses[account] ?? accounts[account].changes.last { $0.at <= now }?.status ?? .active
    }

    /// Whether a service, an environment or a function is there now.
    func isAlive(_ sid: String, _ planned: Life) -> Bool {
        (lives[sid] ?? planned).contains(now)
    }

    /// - Parameter stream: one of an environment's logs; others are always there.
    func isAlive(_ stream: Stream) -> Bool {
        stream.timeline.life.contains(now)
    }

    mutating func setLife(_ sid: String, _ life: Life) {
        lives[sid] = life
        for index in streams.indices where streams[index].service == sid || streams[index].environment == sid {
            let (service, environment) = (streams[index].tag.service, streams[index].tag.environment)
            streams[index].timeline.life = self.life(streams[index].tag.account, service, environment)
        }
        nextDue = .min
    }

    /// When an environment with a build exists.
    func life(_ account: Int, _ service: Int, _ environment: Int) -> Life {
        let account = accounts[account]
        let service = account.services[service]
        let environment = service.environments[environment]
        return Life(from: max(account.from, environment.deployedAt))
            .intersection(lives[service.sid] ?? service.life)
            .intersection(lives[environment.sid] ?? environment.life)
    }
}
