import Parsing
import PipelineCore
import Transport

extension APILine {
    /// The server's clock. If it is not known yet, one record is asked for, and the answer's `Date` serves every line
    /// of the API: however many want to know, one of them asks.
    /// - Parameter list: the endpoint to ask, one that this line's stream may read.
    func serverTime(_ urgency: Urgency, probing list: HTTPURL) async throws(SourceError) -> Timestamp {
        // A single answer is enough unless its Date is hard to believe.
        for _ in 0..<ServerClock.requiredAgreement {
            if let time = api.serverTime { return time }
            let url = try list.asking([("PageSize", "1")])
            try await api.probe.run { () throws(SourceError) in
                // Who just missed another's answer has it now.
                if api.serverTime != nil { return }
                try await get(url, urgency, limits: ListReader.limits()) { _ throws(PageError) in }
            }
        }
        guard let time = api.serverTime else {
            throw .refused(
                reason: "\(api.baseURL.origin) gives no usable Date header, or one that changes with every answer; "
                    + "windows cannot be fixed without it. Compare this host's clock with the true time; a proxy "
                    + "that drops or stores headers can be the reason too")
        }
        return time
    }
}

extension HTTPURL {
    /// This address with a query of ours.
    func asking(_ items: [(name: String, value: String)]) throws(SourceError) -> HTTPURL {
        do throws(HTTPURLError) {
            return try withQuery(items)
        } catch {
            throw .refused(reason: "\(origin)\(path) cannot be asked: \(error)")
        }
    }

    /// The address of a resource below this one.
    func below(_ path: String) throws(SourceError) -> HTTPURL {
        do throws(HTTPURLError) {
            return try appending(path: path)
        } catch {
            throw .refused(reason: "there is no address for \(path) below \(self): \(error)")
        }
    }
}
