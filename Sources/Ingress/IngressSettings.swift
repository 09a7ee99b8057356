public import Shared

/// Limits and addresses of an ingress.
public struct IngressSettings: Sendable {
    /// Address to listen on.
    public var host: String
    /// Port to listen on; 0 for any free one.
    public var port: Int
    /// Port of the administrative paths, which then are not on ``port``; `nil` for one port for all.
    public var administrationPort: Int?
    /// Longest time that a caller waits.
    public var requestTimeout: Duration
    /// Largest request body.
    public var bodyBytesMax: Int
    /// Longest time for a request to arrive completely.
    public var readTimeout: Duration
    /// Longest time between requests of a connection.
    public var idleTimeout: Duration
    /// Connections at once.
    public var connectionsMax: Int
    /// Requests at once.
    public var requestsMax: Int
    /// Requests of one caller at once.
    public var requestsPerCallerMax: Int
    /// Keys that callers must show; none lets everybody in.
    public var apiKeys: [Secret<String>]
    /// What `payment-methods` answers; empty for the methods of the enabled providers.
    public var paymentMethods: [String]
    /// Partitions of the command topics.
    public var commandPartitions: Int32

    /// Makes settings.
    public init(
        host: String = "0.0.0.0", port: Int = 8080, administrationPort: Int? = nil,
        requestTimeout: Duration = .seconds(30),
        bodyBytesMax: Int = 256 * 1024, readTimeout: Duration = .seconds(15), idleTimeout: Duration = .seconds(60),
        connectionsMax: Int = 10_000, requestsMax: Int = 4096, requestsPerCallerMax: Int = 4096,
        apiKeys: [Secret<String>] = [], paymentMethods: [String] = [], commandPartitions: Int32 = 12
    ) {
        self.host = host
        self.port = port
        self.administrationPort = administrationPort
        self.requestTimeout = requestTimeout
        self.bodyBytesMax = bodyBytesMax
        self.readTimeout = readTimeout
        self.idleTimeout = idleTimeout
        self.connectionsMax = connectionsMax
        self.requestsMax = requestsMax
        self.requestsPerCallerMax = requestsPerCallerMax
        self.apiKeys = apiKeys
        self.paymentMethods = paymentMethods
        self.commandPartitions = commandPartitions
    }

    /// How much earlier than the caller's deadline a command stops being worth starting.
    public static let replyMargin: Duration = .seconds(1)
}
