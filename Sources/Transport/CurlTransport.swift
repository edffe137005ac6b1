import CCurl
import Glibc

/// Requests on their way to the thread.
typealias CurlInbox = ThreadInbox<HTTPRequest, Result<HTTPResponse, TransportError>>

/// The transport behind which libcurl's multi interface works, on a thread of its own.
///
/// - libcurl is touched by that thread only: requests go in and answers come out through its inbox.
/// - Keep-alive connections are shared among all requests; HTTP/2 is used where it is offered over TLS.
/// - Peers are verified, with TLS 1.2 at least; there is no switch for less.
/// - Call ``shutdown()`` before the process exits: exit handlers of the TLS library do not wait for other threads.
package final class CurlTransport: HTTPTransport, Sendable {
    private let inbox: CurlInbox

    /// - Parameter watch: of the thread; told the end too if there never is a thread.
    package init(_ options: TransportOptions, watch: TurnWatch? = nil) throws(TransportError) {
        do throws(TransportError) {
            inbox = try Self.start(options, watch)
        } catch {
            watch?.ended()
            throw error
        }
    }

    private static func start(_ options: TransportOptions, _ watch: TurnWatch?) throws(TransportError) -> CurlInbox {
        guard globalInitResult == CURLE_OK else {
            throw .badLocalSetup(
                .init("libcurl", code: .init(globalInitResult), detail: "libcurl could not be initialised"))
        }
        if let proxy = options.proxy, let end = proxy.firstRange(of: "://")?.lowerBound,
            !["http", "https", "socks5", "socks5h"].contains(proxy[..<end].lowercased())
        {
            throw .badLocalSetup(
                .init("the proxy", detail: "its URL begins with none of http, https, socks5 and socks5h"))
        }
        let inbox = try CurlInbox(closed: .failure(.shutDown))
        try startThread(CurlThreadStart(inbox: inbox, options: options, watch: watch))
        return inbox
    }

    deinit {
        inbox.stop()
    }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        // The thread answers with a Result, since a continuation cannot carry a typed error.
        try await inbox.run(request, id: inbox.newID()).get().decoded(for: request)
    }

    /// Ends what is in flight with ``TransportError/shutDown`` and returns when the thread is done with libcurl.
    package func shutdown() async {
        inbox.stop()
        await inbox.ended()
    }
}

/// `curl_global_init` is to be called once, before all else. A global's initialiser is just that.
let globalInitResult: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))

private func startThread(_ start: CurlThreadStart) throws(TransportError) {
    // The new thread takes over this reference; it keeps the inbox alive, but not the transport, whose deinit is to end it.
    let context = Unmanaged.passRetained(start)
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, curlThreadMain, context.toOpaque())
    guard code == 0 else {
        context.release()
        throw .badLocalSetup(.init("libcurl", detail: "its thread could not be started: errno \(code)"))
    }
    pthread_detach(thread)
}

private final class CurlThreadStart: Sendable {
    let inbox: CurlInbox
    let options: TransportOptions
    let watch: TurnWatch?

    init(inbox: CurlInbox, options: TransportOptions, watch: TurnWatch?) {
        self.inbox = inbox
        self.options = options
        self.watch = watch
    }
}

private func curlThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<CurlThreadStart>.fromOpaque(context).takeRetainedValue()
    // Signals are the main thread's business; and with CURLOPT_NOSIGNAL a write to a closed connection may raise SIGPIPE here.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    ccurl_name_thread("curl")
    CurlLoop(inbox: start.inbox, options: start.options, watch: start.watch)?.run()
    start.watch?.ended()
    start.inbox.end()
    return nil
}
