import Forwarding
import Foundation
import PipelineCore
import Spooling

/// What the running service says of itself; `status` reads it from the state directory.
struct RuntimeReport: Codable {
    struct Stream: Codable {
        let account: String
        let account_sid: String
        let dataset: String
        let host: String
        let service_sid: String?
        let environment_sid: String?
        let service_name: String?
        let environment_name: String?
        let status: StreamStatus

        /// Nil if another version wrote it and knows datasets that this one does not.
        var key: StreamKey? {
            Dataset(rawValue: dataset).map {
                StreamKey(
                    accountSID: account_sid, dataset: $0, host: host, serviceSID: service_sid,
                    environmentSID: environment_sid)
            }
        }
    }

    /// How fast one API of an account may be asked.
    struct Rate: Codable {
        let account: String
        let account_sid: String
        /// A dataset; or `accounts`, for the list of subaccounts.
        let api: String
        /// As configured, in requests per second.
        let configured: Double
        /// What is allowed now: less after Twilio answered 429. Of several limits (`scope = "environment"`), the lowest.
        let now: Double
        let limits: Int
        /// How many of the limits are below what is configured.
        let slowed: Int
        /// Of what is allowed now, what was used in the last minute or so; of several limits, the greatest.
        let used: Double?
    }

    let version: String
    let process_id: Int32
    let started_at: Timestamp
    let updated_at: Timestamp
    let streams: [Stream]
    let sinks: [String: SinkStatus]
    /// What looks for services and environments, or for subaccounts, by what it searches.
    let discoveries: [String: DiscoveryStatus]?
    let rates: [Rate]?

    init(_ assembly: Assembly, startedAt: Timestamp, now: Timestamp) {
        let board = assembly.board.now
        version = Twilship.version
        process_id = getpid()
        started_at = startedAt
        updated_at = now
        streams = assembly.registry.ingestors.map(\.stream).map { stream in
            let key = stream.key
            return Stream(
                account: stream.account, account_sid: key.accountSID, dataset: key.dataset.rawValue, host: key.host,
                service_sid: key.serviceSID, environment_sid: key.environmentSID,
                service_name: stream.names.service, environment_name: stream.names.environment,
                status: board.streams[key] ?? StreamStatus())
        }
        sinks = board.sinks
        discoveries = board.discoveries
        rates = assembly.network.rates
    }

    func json() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }
}
