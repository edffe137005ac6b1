import CCurl

/// The thread's main loop: takes requests from the inbox, lets libcurl work on them, and hands out the results.
///
/// Nothing here leaves the thread, and nothing here blocks but the one poll.
final class CurlLoop {
    private let inbox: CurlInbox
    private let options: TransportOptions
    private var turns: Turns
    private let multi: UnsafeMutableRawPointer
    private var admission: Admission
    private var waiting: [UInt64: CurlInbox.Submission] = [:]
    private var atWork: [UInt64: CurlTransfer] = [:]
    private var idsByHandle: [UnsafeMutableRawPointer: UInt64] = [:]
    /// Handles for reuse, never of a transfer that was stopped midway. Connections and TLS sessions belong to the multi handle.
    private var idle: [CurlHandle] = []

    /// Nil if libcurl has no memory.
    init?(inbox: CurlInbox, options: TransportOptions, watch: TurnWatch? = nil) {
        guard let multi = curl_multi_init() else { return nil }
        ccurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, options.maxConnections)
        ccurl_multi_setopt_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.maxConnections)
        ccurl_multi_setopt_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.maxConnectionsPerHost)
        self.multi = multi
        self.inbox = inbox
        self.options = options
        turns = Turns(watch)
        admission = Admission(perOrigin: options.maxConnectionsPerHost, inAll: options.maxConnections)
    }

    /// Returns once the inbox was told to stop, all requests are answered and all connections closed. To be called once.
    func run() {
        var mail = inbox.takeMail()
        while !mail.isStopping {
            turns.turn()
            sort(mail)
            var running: CInt = 0
            var code = curl_multi_perform(multi, &running)
            reportFinished()
            // Those who start now make the poll return at once.
            startAdmitted()
            if code == CURLM_OK { code = sleepUntilSomethingHappens() }
            if code != CURLM_OK { finishAll(failure(code)) }
            mail = inbox.takeMail()
        }
        sort(mail)
        finishAll(.shutDown)
        // Here and not in deinit: who waits for the end may let the process exit the moment after.
        idle = []
        curl_multi_cleanup(multi)
    }

    private func sort(_ mail: CurlInbox.Mail) {
        for submission in mail.submissions {
            guard waiting.count < options.maxWaiting else {
                submission.continuation.resume(returning: .failure(.tooManyWaiting(limit: options.maxWaiting)))
                continue
            }
            waiting[submission.id] = submission
            admission.enqueue(submission.id, for: submission.errand.url.origin)
        }
        for id in mail.cancelled {
            if let submission = waiting.removeValue(forKey: id) {
                admission.withdraw(id, from: submission.errand.url.origin)
                submission.continuation.resume(returning: .failure(.cancelled))
            } else if let transfer = atWork[id] {
                finish(transfer, .failure(.cancelled))
            }
        }
    }

    private func startAdmitted() {
        while let id = admission.next() {
            guard let submission = waiting.removeValue(forKey: id) else { continue }
            let origin = submission.errand.url.origin
            do throws(TransportError) {
                guard let handle = idle.popLast() ?? CurlHandle() else {
                    throw TransportError.badLocalSetup(
                        .init(origin.authority, detail: "libcurl has no memory for a handle"))
                }
                let transfer = CurlTransfer(submission, handle)
                try handle.prepare(
                    for: submission.errand, options, context: Unmanaged.passUnretained(transfer).toOpaque())
                // The handle points at the transfer, which `atWork` keeps alive until the handle has left the multi.
                atWork[id] = transfer
                idsByHandle[handle.raw] = id
                let added = curl_multi_add_handle(multi, handle.raw)
                if added != CURLM_OK { finish(transfer, .failure(failure(added))) }
            } catch {
                admission.finish(origin)
                submission.continuation.resume(returning: .failure(error))
            }
        }
    }

    private func reportFinished() {
        var left: CInt = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let id = idsByHandle[message.pointee.easy_handle],
                let transfer = atWork[id]
            else { continue }
            // Read before the handle is removed: the message is gone then.
            let code = message.pointee.data.result
            finish(transfer, transfer.outcome(code))
        }
    }

    private func sleepUntilSomethingHappens() -> CURLMcode {
        // libcurl shortens this to its own next deadline; without one there is nothing to wake up for but the doorbell,
        // and who watches.
        let longest = min(turns.longestSleep ?? .seconds(60), .seconds(60))
        let longestMilliseconds = CInt(max(.milliseconds(1), longest) / .milliseconds(1))
        var doorbell = curl_waitfd(fd: inbox.doorbell.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        return curl_multi_poll(multi, &doorbell, 1, longestMilliseconds, nil)
    }

    private func finish(_ transfer: CurlTransfer, _ outcome: Result<HTTPResponse, TransportError>) {
        curl_multi_remove_handle(multi, transfer.handle.raw)
        atWork[transfer.submission.id] = nil
        idsByHandle[transfer.handle.raw] = nil
        if case .success = outcome, !transfer.hasEnough {
            transfer.handle.reset()
            idle.append(transfer.handle)
        }
        admission.finish(transfer.submission.errand.url.origin)
        transfer.submission.continuation.resume(returning: outcome)
    }

    private func finishAll(_ error: TransportError) {
        for transfer in atWork.values { finish(transfer, .failure(error)) }
        for submission in waiting.values { submission.continuation.resume(returning: .failure(error)) }
        waiting = [:]
        admission = Admission(perOrigin: options.maxConnectionsPerHost, inAll: options.maxConnections)
    }

    /// The multi handle itself failed, which means that memory or descriptors are short: let go of all that uses them.
    private func failure(_ code: CURLMcode) -> TransportError {
        .other(.init("libcurl", detail: "libcurl's multi interface failed with code \(code.rawValue)"))
    }
}
