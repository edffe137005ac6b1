import Foundation
import PipelineCore
import Transport

/// The way to one HTTP sink's other end, the same for all presets: credentials, headers, compression, signature.
struct HTTPEndpoint: Sendable {
    /// One request as a preset makes it.
    struct Message: Sendable {
        /// A GET has no body and no type.
        var method = HTTPRequest.Method.post
        var url: HTTPURL
        var contentType: String
        var body: [UInt8]
        var headers = HTTPHeaders()
        var isCompressible = true
        /// Of the answer: more is not read, or an error.
        var answerLimit = HTTPEndpoint.keptOfAnswer
        var excess = HTTPLimits.Excess.dropped
    }

    enum Outcome {
        /// Of any status.
        case answered(HTTPResponse)
        case failed(Delivery)
    }

    /// Of answers whose status says it all.
    static let keptOfAnswer = 64 << 10
    private static let apiKey = "ApiKey"
    static let timestampHeader = "X-Twilship-Timestamp"

    let transport: any HTTPTransport
    let authentication: HTTPSinkOptions.Authentication
    /// What stands before a token in `Authorization`.
    let scheme: String
    let headers: [HTTPSinkOptions.Header]
    let compresses: Bool
    let signature: HTTPSinkOptions.Signature?
    let timeout: Duration
    let clock: any PipelineClock

    init(_ options: HTTPSinkOptions, transport: any HTTPTransport, clock: any PipelineClock) {
        self.transport = transport
        self.clock = clock
        authentication = options.authentication
        headers = options.headers
        compresses = options.compresses
        timeout = options.timeout
        switch options.preset {
        case .generic(_, let signature): (scheme, self.signature) = ("Bearer", signature)
        case .splunk: (scheme, signature) = ("Splunk", nil)
        case .elastic: (scheme, signature) = (Self.apiKey, nil)
        }
    }

    func post(_ message: Message) async -> Outcome {
        do throws(TransportError) {
            return .answered(try await transport.send(request(message)))
        } catch {
            return .failed(delivery(of: error, message.url))
        }
    }

    private func request(_ message: Message) throws(TransportError) -> HTTPRequest {
        var body = message.body
        var fields: HTTPHeaders = message.method == .post ? ["Content-Type": message.contentType] : [:]
        if compresses, message.isCompressible, message.method == .post {
            guard let smaller = gzipped(body) else {
                throw .invalidRequest(reason: "there is no memory to compress its body")
            }
            body = smaller
            fields.append("Content-Encoding", "gzip")
        }
        for field in message.headers.fields { fields.append(field.name, field.value) }
        for header in headers {
            switch header.value {
            case .literal(let text): fields.append(header.name, text)
            case .secret(let secret): fields.append(header.name, secret.reveal())
            }
        }
        if let signature {
            let timestamp = "\(clock.wallNow.milliseconds / 1000)"
            fields.append(Self.timestampHeader, timestamp)
            fields.append(signature.header, signature.value(timestamp: timestamp, body: body))
        }
        var request = HTTPRequest(message.method, message.url, headers: fields, limits: limits(message))
        if message.method == .post { request.body = body }
        switch authentication {
        case .none: break
        case .token(let secret): request.headers.append("Authorization", "\(scheme) \(token(secret))")
        case .basic(let user, let password): request.basicAuth = BasicAuth(user: user, password: password.reveal())
        }
        return request
    }

    private func limits(_ message: Message) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.totalTimeout = timeout
        limits.connectTimeout = min(limits.connectTimeout, timeout)
        // Some write what they take to disk before they say a word; the timeout alone decides how long that may be.
        limits.lowSpeedDuration = timeout
        limits.maxWireBytes = message.answerLimit
        limits.maxBodyBytes = message.answerLimit
        limits.excess = message.excess
        return limits
    }

    /// Reads secrets again, as after a refusal; whether one of them is another now.
    func readSecretsAgain() -> Bool {
        // Each is to be read, also behind one that has changed.
        secrets.map { $0.readAgain() }.contains(true)
    }

    func excerpt(_ body: some Collection<UInt8>) -> AnswerExcerpt {
        var texts = secrets.map { $0.reveal() }
        switch authentication {
        case .none: break
        case .token(let secret): texts.append(token(secret))
        case .basic(let user, let password): texts.append(Self.base64("\(user):\(password.reveal())"))
        }
        return AnswerExcerpt(body, without: texts)
    }

    /// As it stands in `Authorization`.
    private func token(_ secret: HTTPSecret) -> String {
        let text = secret.reveal()
        // Elasticsearch shows an API key's id and secret apart, too, and wants them as Basic wants user and password.
        return scheme == Self.apiKey && text.contains(":") ? Self.base64(text) : text
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private var secrets: [HTTPSecret] {
        var secrets: [HTTPSecret] = []
        switch authentication {
        case .none: break
        case .token(let secret), .basic(_, let secret): secrets.append(secret)
        }
        for case .secret(let secret) in headers.map(\.value) { secrets.append(secret) }
        if let signature { secrets.append(signature.secret) }
        return secrets
    }
}
