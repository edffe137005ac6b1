import Logging
import PipelineCore
import Spooling

extension Ingestor {
    /// Lets go of a stream of which Twilio says that it is gone. Its place is kept; what may have been written there
    /// after it was last read is a gap, which goes away again if the stream comes back.
    ///
    /// Call it when nothing works on the stream any more.
    package func retire() async {
        let spool = surroundings.spool
        do {
            let now: Timestamp
            do throws(SourceError) {
                now = try await stream.source.serverTime(.catchUp)
            } catch {
                // What is gone cannot tell the time.
                guard case .gone = error else { throw error }
                now = surroundings.clock.wallNow
            }
            let place = try await spool.place(
                of: stream.key, account: stream.account, start: stream.start.instant(now), names: stream.names)
            // Records may be late, as within the overlap they always may: so is what was not looked at at that age.
            let unsure = place.coverage.intervals.first {
                $0.state != .finished && ($0.state == .read || $0.readAt - $0.window.to < stream.plan.overlap)
            }
            let from = max(
                place.start, min(place.coverage.completeUpTo(from: place.start), unsure?.window.from ?? now))
            var gap: Advance.Gap?
            if from < now {
                gap = Advance.Gap(
                    window: Window(from: from, to: now),
                    reason:
                        "what it was read from is gone at Twilio; what appeared there and was not read by then is lost; what was read is delivered"
                )
            }
            for unread in try await spool.retire(stream.key, gap: gap) { logger.tell(unread: unread) }
            surroundings.board.remove(stream.key)
            logger.notice(
                "an environment is gone at Twilio and is not collected any more; its place is kept",
                metadata: [
                    "message_id": "\(LogKind.streamRetired)", "window": "\(gap.map { "\($0.window)" } ?? "none")",
                ])
        } catch {
            logger.warning(
                "a stream that is gone cannot be retired",
                metadata: ["message_id": "\(LogKind.retirementFailed)", "reason": "\(error)"])
        }
    }
}

extension Logger {
    /// Tells of a gap that a backfill leaves.
    func tell(unread gap: StateSummary.Gap) {
        error(
            "records that a backfill was to read cannot be read any more and are missing",
            metadata: [
                "message_id": "\(LogKind.gap)", "source.account": "\(gap.account)", "source.stream": "\(gap.key)",
                "window": "\(gap.window)",
                "reason": "\(gap.reason)",
            ])
    }
}

extension Ingestor.Surroundings {
    /// Lets go of all streams of an account that is not active any more; their places are kept.
    package func retire(accountSID: String) async {
        do {
            for key in try await spool.retire(
                accountSID: accountSID,
                reason:
                    "the subaccount is not active any more; what appeared there and was not read by then is lost; what was read is delivered"
            ) { board.remove(key) }
            logger.notice(
                "a subaccount is not active any more and is not collected; its places are kept",
                metadata: ["message_id": "\(LogKind.accountRetired)", "account_sid": "\(accountSID)"])
        } catch {
            logger.warning(
                "a subaccount cannot be retired",
                metadata: ["message_id": "\(LogKind.retirementFailed)", "reason": "\(error)"])
        }
    }
}
