package import Formatting
package import Transport

/// What an HTTP sink is told by the configuration.
package struct HTTPSinkOptions: Sendable {
    package enum Preset: Sendable {
        /// A webhook that answers 2xx once it has what was sent.
        case generic(Encoding = .lines, Signature? = nil)
        case splunk(SplunkOptions)
        /// - Parameter index: an index or data stream for everything. Nil: the data stream of each dataset.
        case elastic(index: String? = nil)
    }

    package enum Encoding: String, Sendable, Hashable, CaseIterable {
        /// NDJSON: each record on a line.
        case lines
        /// One JSON array.
        case array
    }

    package enum Authentication: Sendable {
        case none
        /// Sent with the preset's scheme: `Bearer`, `Splunk`, `ApiKey`.
        case token(HTTPSecret)
        case basic(user: String, password: HTTPSecret)
    }

    /// `sha256=HEX`, an HMAC over the value of `X-Twilship-Timestamp`, a full stop and the body as it is sent.
    package struct Signature: Sendable {
        package var secret: HTTPSecret
        package var header: String

        package init(secret: HTTPSecret, header: String = "X-Twilship-Signature") {
            self.secret = secret
            self.header = header
        }
    }

    package enum HeaderValue: Sendable {
        case literal(String)
        case secret(HTTPSecret)
    }

    package struct Header: Sendable {
        package var name: String
        package var value: HeaderValue

        package init(_ name: String, _ value: HeaderValue) {
            self.name = name
            self.value = value
        }
    }

    package var url: HTTPURL
    package var preset: Preset
    package var format: RecordFormat
    /// Whether the format's lines are text rather than JSON.
    package var isText = false
    package var authentication = Authentication.none
    /// Sent with every request, beside what the preset sets.
    package var headers: [Header] = []
    package var compresses = true
    /// For a request and its whole answer, from the moment a connection slot is free.
    package var timeout: Duration = .seconds(30)
    /// Requests at once.
    package var inFlight = 1

    package init(url: HTTPURL, preset: Preset = .generic(), format: RecordFormat = .envelope()) {
        self.url = url
        self.preset = preset
        self.format = format
    }
}
