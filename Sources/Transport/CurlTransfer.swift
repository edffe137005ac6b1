import CCurl

/// One request at work: gathers the response while libcurl calls back. Used by the loop's thread only.
final class CurlTransfer {
    let submission: CurlInbox.Submission
    let handle: CurlHandle
    private let sentAt = ContinuousClock.now
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var headerCount = 0
    private var status = 0
    private var headersReceivedAt: ContinuousClock.Instant?
    private var body: [UInt8] = []
    /// How much of the request's body libcurl has asked for.
    private var sent = 0
    /// Why a callback stopped the transfer; libcurl itself then only knows that one did.
    private var stopReason: StopReason?

    enum StopReason {
        case headersTooLarge(limit: String)
        case bodyTooLarge(limit: Int)
        /// The body's beginning is all that was wanted.
        case enoughOfBody
    }

    init(_ submission: CurlInbox.Submission, _ handle: CurlHandle) {
        self.submission = submission
        self.handle = handle
    }

    private var limits: HTTPLimits { submission.errand.limits }

    /// Takes one header line with its end; false stops the transfer.
    fileprivate func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        headerCount += 1
        guard headerBytes <= limits.maxHeaderBytes else {
            return stop(.headersTooLarge(limit: "\(limits.maxHeaderBytes) bytes of headers"))
        }
        guard headerCount <= limits.maxHeaderCount else {
            return stop(.headersTooLarge(limit: "\(limits.maxHeaderCount) headers"))
        }
        // Trailers say nothing that anyone here asks for.
        guard headersReceivedAt == nil else { return true }
        let text = line[...].trimmingBlanks
        if text.isEmpty {
            // The end of the headers, or of an informational response with another one to follow.
            if status >= 200 { headersReceivedAt = .now }
        } else if line.starts(with: "HTTP/".utf8) {
            headers.removeAll()
            let words = text.split(separator: UInt8(ascii: " "))
            status = words.dropFirst().first.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        } else if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
            headers.appendToLast(String(decoding: text, as: UTF8.self))
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(
                String(decoding: text[..<colon], as: UTF8.self),
                String(decoding: text[(colon + 1)...].trimmingBlanks, as: UTF8.self))
        }
        return true
    }

    /// Takes a piece of the body; false stops the transfer.
    fileprivate func receive(body piece: UnsafeRawBufferPointer) -> Bool {
        let limit =
            headers["Content-Encoding"] == nil ? min(limits.maxBodyBytes, limits.maxWireBytes) : limits.maxWireBytes
        guard body.count + piece.count <= limit else {
            guard limits.excess == .dropped else { return stop(.bodyTooLarge(limit: limit)) }
            body.append(contentsOf: piece.prefix(limit - body.count))
            return stop(.enoughOfBody)
        }
        if body.isEmpty {
            // Unknown (-1) and absurd lengths reserve little; the array then grows by doubling, so no byte is copied often.
            let announced = handle.offset(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
            let mostReserved = 4 << 20
            body.reserveCapacity(min(max(announced, piece.count), limit, mostReserved) + HTTPResponse.bodyPadding)
        }
        body.append(contentsOf: piece)
        return true
    }

    /// Hands out the next piece of the request's body; nothing at its end.
    fileprivate func read(into piece: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = submission.errand.body else { return 0 }
        let count = min(piece.count, body.count - sent)
        guard count > 0 else { return 0 }
        body.withUnsafeBytes { piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
        sent += count
        return count
    }

    /// Begins again at `offset`, as when a kept-alive connection turns out to be closed; false if that is not within
    /// the body.
    fileprivate func seek(to offset: Int) -> Bool {
        guard (0...(submission.errand.body?.count ?? 0)).contains(offset) else { return false }
        sent = offset
        return true
    }

    /// Whether the transfer was stopped midway because the rest of the body is not wanted.
    var hasEnough: Bool { if case .enoughOfBody = stopReason { true } else { false } }

    private func stop(_ reason: StopReason) -> Bool {
        stopReason = reason
        return false
    }

    /// What became of the request. To be asked once, before the handle is reset.
    func outcome(_ code: CURLcode) -> Result<HTTPResponse, TransportError> {
        guard code == CURLE_OK || hasEnough else {
            // A header line beyond its own limit of 100 KiB, ours being per response, is what libcurl 7.88 calls out of memory.
            if code == CURLE_OUT_OF_MEMORY, status != 0, headersReceivedAt == nil {
                stopReason = .headersTooLarge(limit: "\(limits.maxHeaderBytes) bytes of headers")
            }
            return .failure(TransportError(code, stopReason, handle, submission.errand))
        }
        // libcurl 7.88 takes a connection that is closed within the headers for a whole answer without a body.
        guard let headersReceivedAt else {
            let target = submission.errand.url.origin.authority
            return .failure(.interrupted(.init(target, detail: "closed within the headers")))
        }
        let response = HTTPResponse(
            status: handle.number(CURLINFO_RESPONSE_CODE), headers: headers, body: body,
            httpVersion: handle.number(CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0 ? "2" : "1.1",
            remoteAddress: remoteAddress, openedConnection: handle.number(CURLINFO_NUM_CONNECTS) > 0,
            sentAt: sentAt, headersReceivedAt: headersReceivedAt, receivedAt: .now)
        return .success(response)
    }

    private var remoteAddress: String {
        let address = handle.string(CURLINFO_PRIMARY_IP)
        let port = handle.number(CURLINFO_PRIMARY_PORT)
        return address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}

// The callbacks. libcurl calls them on the loop's thread, inside curl_multi_perform, with the context given to `setReceivers`:
// a transfer that the loop keeps alive. Returning less than was offered to a receiver ends the transfer with
// CURLE_WRITE_ERROR.

func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.receive(headerLine: line) ? line.count : 0
}

func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.receive(body: piece) ? piece.count : 0
}

func beginBody(
    _ context: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?, _: UnsafeMutablePointer<CChar>?, _: CInt,
    _: CInt
) -> CInt {
    guard let context else { return CInt(CURL_PREREQFUNC_ABORT) }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return CInt(transfer.seek(to: 0) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT)
}

func readBody(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
    -> Int
{
    guard let context else { return Int(CURL_READFUNC_ABORT) }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

func seekBody(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: CInt) -> CInt {
    guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.seek(to: Int(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}

extension Slice<UnsafeRawBufferPointer> {
    /// Without blanks, tabs and line ends at both ends.
    fileprivate var trimmingBlanks: Self {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        var rest = drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
