import PipelineCore
import Synchronization

/// What a discovery has found and works on: a state machine.
struct Roster {
    private struct Member {
        let find: Discovery.Find
        let stop: Stop
        /// Searches in a row that did not find it.
        var missed = 0
        var isLeaving = false
        var hasEnded = false
    }

    /// What so many searches in a row did not find is gone.
    private static let patience = 2

    private var members: [String: Member] = [:]
    /// What an earlier process had found and no search has found yet, and how many did not.
    private var remembered: [String: (find: Discovery.Find, missed: Int)] = [:]
    private var hasSearched = false

    mutating func remember(_ finds: [Discovery.Find]) {
        for find in finds { remembered[find.id] = (find, 0) }
    }

    var isEmpty: Bool { members.isEmpty }

    /// Whether a search succeeded and everything it found has ended.
    var isDone: Bool { hasSearched && members.values.allSatisfy(\.hasEnded) }

    /// Takes in what a search found, and stops what is gone.
    /// - Parameter reported: for what Twilio answered 404 since the last search.
    /// - Returns: what is new, and what is gone and was never worked on by this process.
    mutating func update(
        _ finds: [Discovery.Find], reported: Set<String>
    ) -> (new: [Discovery.Find], gone: [Discovery.Find]) {
        hasSearched = true
        var new: [Discovery.Find] = []
        var present: Set<String> = []
        for find in finds where present.insert(find.id).inserted {
            guard members[find.id] != nil else {
                new.append(find)
                continue
            }
            members[find.id]?.missed = 0
            find.seen()
        }
        for (id, member) in members.sorted(by: { $0.key < $1.key }) where !present.contains(id) && !member.isLeaving {
            members[id]?.missed += 1
            guard member.missed + 1 >= Self.patience || reported.contains(id) else { continue }
            members[id]?.isLeaving = true
            member.stop.stop()
        }
        var gone: [Discovery.Find] = []
        for (id, (find, missed)) in remembered.sorted(by: { $0.key < $1.key }) {
            remembered[id] = present.contains(id) || missed + 1 >= Self.patience ? nil : (find, missed + 1)
            if !present.contains(id), missed + 1 >= Self.patience { gone.append(find) }
        }
        return (new, gone)
    }

    mutating func started(_ find: Discovery.Find, _ stop: Stop) {
        members[find.id] = Member(find: find, stop: stop)
        find.seen()
    }

    /// Notes that nothing works on it any more.
    /// - Returns: it, if it is gone; the next search may find it anew.
    /// - Parameter isForGood: whether it was to be worked on once.
    mutating func ended(_ id: String, isForGood: Bool) -> Discovery.Find? {
        guard let member = members[id] else { return nil }
        guard member.isLeaving else {
            // What was to be worked on for ever is begun anew by the next search.
            if isForGood { members[id]?.hasEnded = true } else { members[id] = nil }
            return nil
        }
        members[id] = nil
        return member.find
    }
}

/// Ends one piece of work from outside of its task.
package final class Stop: Sendable {
    private let signals: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    package init() {
        (signals, continuation) = AsyncStream.makeStream(of: Never.self)
    }

    package func stop() { continuation.finish() }

    /// Runs `body`; cancels it when told to stop. To be called once.
    package func run(_ body: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [continuation] in
                await body()
                continuation.finish()
            }
            for await _ in signals {}
            group.cancelAll()
        }
    }
}

/// By this, streams ask for a search: Twilio does not know what they read any more.
package final class Bell: Sendable {
    private struct State {
        var reported: Set<String> = []
        var waiter: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    package init() {}

    /// Says that what was found as `id` is answered with 404.
    package func ring(_ id: String) {
        let waiter = state.withLock { state in
            state.reported.insert(id)
            return state.waiter
        }
        waiter?.yield()
    }

    /// Who has rung since this was asked last.
    func reported() -> Set<String> {
        state.withLock { state in
            defer { state.reported = [] }
            return state.reported
        }
    }

    /// Waits for `longest`, or from `shortest` on until somebody rings.
    func wait(atLeast shortest: Duration, atMost longest: Duration, _ clock: any PipelineClock) async {
        guard (try? await clock.sleep(for: shortest)) != nil else { return }
        let (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let hasRung = state.withLock { state in
            state.waiter = continuation
            return !state.reported.isEmpty
        }
        defer { state.withLock { $0.waiter = nil } }
        if hasRung || longest <= shortest { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.sleep(for: longest - shortest) }
            group.addTask {
                for await _ in rings { return }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
