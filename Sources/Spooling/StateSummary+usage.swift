import Foundation
import GRDB
package import PipelineCore

extension StateSummary {
    /// What was asked of one API of an account, discovery and single records included.
    package struct AccountUsage: Sendable {
        package struct Day: Equatable, Sendable {
            /// UTC: `2014-10-03`.
            package let day: String
            package let requests: Int
            /// As answered, before duplicates are removed.
            package let records: Int
        }

        /// The label at the last request.
        package let account: String
        package let accountSID: String
        package let dataset: Dataset
        /// Of the last seven days those with any, newest first.
        package let days: [Day]
        package let today: (requests: Int, records: Int)
        /// The records that were taken, minute by minute.
        package let minutes: RecentMinutes

        /// All of `days`.
        package var week: (requests: Int, records: Int) {
            days.reduce((0, 0)) { ($0.requests + $1.requests, $0.records + $1.records) }
        }
    }
}

extension StateSummary.AccountUsage {
    static func fetchAll(_ database: Database, now: Timestamp) throws -> [Self] {
        let first = (now - .seconds(6 * 86_400)).day
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM api_usage WHERE day BETWEEN ? AND ? ORDER BY day DESC",
            arguments: [first, now.day])
        let groups = Dictionary(grouping: rows) { [$0["account_sid"] as String, $0["dataset"] as String] }
        return groups.values.compactMap { Self($0, today: now.day) }.sorted {
            ($0.account, $0.accountSID, $0.dataset.rawValue) < ($1.account, $1.accountSID, $1.dataset.rawValue)
        }
    }

    /// - Parameter rows: of one account and dataset, newest first.
    private init?(_ rows: [Row], today day: String) {
        guard let newest = rows.first, let dataset = Dataset(rawValue: newest["dataset"]) else { return nil }
        account = newest["account"]
        accountSID = newest["account_sid"]
        self.dataset = dataset
        days = rows.map { Day(day: $0["day"], requests: $0["requests"], records: $0["records"]) }
        today = days.first { $0.day == day }.map { ($0.requests, $0.records) } ?? (0, 0)
        minutes = rows.reduce(into: RecentMinutes()) { sum, row in
            guard let data = row["minutes"] as Data?, let part = RecentMinutes(bytes: [UInt8](data)) else { return }
            sum.add(part)
        }
    }
}

extension LatenessHistogram {
    /// Those of the given days, added up for each stream.
    static func byStream(_ database: Database, days: [String]) throws -> [Int64: LatenessHistogram] {
        var sums: [Int64: LatenessHistogram] = [:]
        for day in days {
            let rows = try Row.fetchCursor(
                database, sql: "SELECT stream, lateness FROM usage WHERE day = ? AND lateness IS NOT NULL",
                arguments: [day])
            while let row = try rows.next() {
                guard let part = LatenessHistogram(bytes: [UInt8](row["lateness"] as Data)) else { continue }
                sums[row["stream"], default: LatenessHistogram()].merge(part)
            }
        }
        return sums
    }
}
