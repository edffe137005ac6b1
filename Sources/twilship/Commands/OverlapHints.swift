import Forwarding
import PipelineCore
import Settings
import Spooling

/// What the lateness of records says about `overlap`: where records came later than it, which value would do.
struct OverlapHints {
    let sentences: [String]

    /// Values that people would write.
    private static let values: [(text: String, duration: Duration)] = [
        ("30s", .seconds(30)), ("1m", .seconds(60)), ("2m", .seconds(120)), ("5m", .seconds(300)),
        ("10m", .seconds(600)), ("15m", .seconds(900)), ("30m", .seconds(1800)), ("1h", .seconds(3600)),
        ("2h", .seconds(7200)), ("3h", .seconds(10_800)), ("6h", .seconds(21_600)), ("12h", .seconds(43_200)),
        ("24h", .seconds(86_400)), ("2d", .seconds(172_800)), ("3d", .seconds(259_200)), ("7d", .seconds(604_800)),
        ("14d", .seconds(1_209_600)), ("30d", .seconds(2_592_000)),
    ]
    /// The settings allow no longer overlap.
    private static let longestOverlap: Duration = .seconds(86_400)
    /// What was not looked at for a moment is no older than this when it is read live, whatever the overlap.
    private static let leastLiveSpan: Duration = .seconds(60)
    /// Windows end some seconds in the past, and reading takes a moment.
    private static let reading: Duration = .seconds(10)

    init(
        _ streams: [StateSummary.Stream], _ said: [StreamKey: StreamStatus], _ accounts: [AccountSettings]
    ) {
        var found: [Place: (late: Int, latest: Duration, collection: CollectionSettings)] = [:]
        for stream in streams {
            guard let account = Self.account(of: stream, accounts), let latest = stream.lateness.maximum,
                let collection = account.collections.first(where: { $0.dataset.rawValue == stream.key.dataset.rawValue }
                )
            else { continue }
            let poll = max(collection.pollInterval, .seconds(said[stream.key]?.pollSeconds ?? 0))
            let expected = max(collection.overlap, Self.leastLiveSpan) + poll + Self.reading
            let late = stream.lateness.beyond(expected)
            guard late > 0 else { continue }
            let place = Place(account: account.name, dataset: stream.key.dataset.rawValue)
            let before = found[place]
            found[place] = ((before?.late ?? 0) + late, max(before?.latest ?? .zero, latest), collection)
        }
        sentences = found.sorted { $0.key < $1.key }.map { place, lateness in
            Self.sentence(place, lateness.late, lateness.latest, lateness.collection)
        }
    }

    private struct Place: Hashable, Comparable {
        let account: String
        let dataset: String

        static func < (left: Place, right: Place) -> Bool {
            (left.account, left.dataset) < (right.account, right.dataset)
        }
    }

    /// The settings that a stream has; those of the parent for a subaccount's.
    private static func account(of stream: StateSummary.Stream, _ accounts: [AccountSettings]) -> AccountSettings? {
        accounts.first { $0.accountSID == stream.key.accountSID }
            ?? accounts.filter { $0.subaccounts == .discover && stream.account.hasPrefix($0.name + "/") }
            .max { $0.name.count < $1.name.count }
    }

    private static func sentence(
        _ place: Place, _ late: Int, _ latest: Duration, _ collection: CollectionSettings
    ) -> String {
        let table = "[account.\(place.dataset.split(separator: ".").last ?? "")]"
        let since =
            "\(place.account) \(place.dataset): \(late) record\(late == 1 ? "" : "s") of today and yesterday came more "
            + "than overlap (\(DurationText.text(collection.overlap))) after their date, the latest "
            + "\(latest.upToForPeople)"
        let value = values.first { $0.duration > latest }
        if let value, value.duration <= longestOverlap {
            return since
                + "; `overlap = \"\(value.text)\"` in \(table) finds such ones without waiting for reread_after"
        }
        let needed = values.first { $0.duration > max(latest, collection.rereadAfter.last ?? .zero) }
        return since + (needed.map { "; add \"\($0.text)\" to `reread_after` in \(table)" } ?? "")
    }
}
