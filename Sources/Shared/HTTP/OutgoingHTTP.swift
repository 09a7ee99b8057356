/// A request to a provider or to the merchant.
public struct OutgoingRequest: Sendable {
    /// One header field.
    public struct Header: Sendable, Hashable {
        /// The name as it is sent.
        public var name: String
        /// The value; may be a credential, so a header is never printed.
        public var value: String

        /// Makes a header field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The HTTP method, `GET` or `POST` for instance.
    public var method: String
    /// The absolute URL.
    public var url: String
    /// Header fields in order.
    public var headers: [Header]
    /// The body, when there is one.
    public var body: [UInt8]?
    /// Longest time from now to the end of the answer, waiting for a connection included.
    public var timeout: Duration

    /// Makes a request.
    public init(method: String, url: String, headers: [Header] = [], body: [UInt8]? = nil, timeout: Duration) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// A complete answer.
public struct OutgoingResponse: Sendable, Hashable {
    /// The HTTP status.
    public var statusCode: Int
    /// Header fields by lower-case name; of repeated ones the first.
    public var headers: [String: String]
    /// The body, at most as large as the client's limit.
    public var body: [UInt8]

    /// Makes an answer.
    public init(statusCode: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.statusCode = statusCode
        self.headers = headers
        self.body = body
    }
}

/// Why there is no complete answer.
public struct OutgoingFailure: Error, Sendable, Hashable {
    /// Bounded code, also a metric label.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The URL, a header or the request itself could not be sent.
        case invalidRequest = "invalid_request"
        /// No connection: name not found, refused, unreachable, TLS failed.
        case connectionFailed = "connection_failed"
        /// No connection in time.
        case connectTimeout = "connect_timeout"
        /// The answer did not come in time.
        case timeout = "timeout"
        /// The connection ended before the answer was complete.
        case connectionClosed = "connection_closed"
        /// The answer is larger than the limit.
        case answerTooLarge = "answer_too_large"
        /// The waiting task was cancelled.
        case cancelled = "cancelled"
        /// Anything else.
        case other = "other"
    }

    /// What happened.
    public var code: Code
    /// Whether the server may have seen the request; `false` is proof that it has not.
    public var mayHaveBeenSent: Bool

    /// Makes a failure.
    public init(code: Code, mayHaveBeenSent: Bool) {
        self.code = code
        self.mayHaveBeenSent = mayHaveBeenSent
    }
}

/// Sends requests; the product uses ``OutgoingHTTPClient``, tests a scripted one.
public protocol HTTPTransport: Sendable {
    /// Sends one request, once, and reads the whole answer. Follows no redirect and repeats nothing.
    func send(_ request: OutgoingRequest) async throws(OutgoingFailure) -> OutgoingResponse
}
