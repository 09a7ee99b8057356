/// What a worker is to do: one API call or one provider callback.
///
/// In clear on the topic are identifiers, the amount and times; the request itself (``CommandPayload``) is sealed.
public struct Command: Sendable, Hashable {
    /// Identifier; also that of the HTTP request that made it.
    public var id: CommandID
    /// The provider that executes it.
    public var provider: ProviderName
    /// What is asked.
    public var operation: Operation
    /// The payment method of the path, as the provider's description names it.
    public var paymentMethod: String?
    /// The payment.
    public var reference: PaymentReference
    /// The amount, where the request has one.
    public var amount: Money?
    /// When the ingress accepted it, Unix milliseconds.
    public var acceptedAtMilliseconds: Int64
    /// Unix milliseconds after which it must not start; none for asynchronous commands.
    public var deadlineMilliseconds: Int64?
    /// How often it was put back to the end of its topic, counted from 1.
    public var attempt: Int
    /// Unix milliseconds before which a command that was put back does not start.
    public var notBeforeMilliseconds: Int64?
    /// Who asks, and the caller's idempotency key; none for callbacks.
    public var claim: IdempotencyClaim?
    /// Where the answer goes, when somebody waits for it.
    public var replyTo: ReplyAddress?
    /// W3C trace context of the request.
    public var trace: TraceContext?
    /// The request.
    public var payload: CommandPayload

    /// Makes a first attempt at a command.
    public init(
        id: CommandID, provider: ProviderName, operation: Operation, paymentMethod: String? = nil,
        reference: PaymentReference, amount: Money? = nil, acceptedAtMilliseconds: Int64,
        deadlineMilliseconds: Int64? = nil, replyTo: ReplyAddress? = nil, trace: TraceContext? = nil,
        payload: CommandPayload
    ) {
        self.id = id
        self.provider = provider
        self.operation = operation
        self.paymentMethod = paymentMethod
        self.reference = reference
        self.amount = amount
        self.acceptedAtMilliseconds = acceptedAtMilliseconds
        self.deadlineMilliseconds = deadlineMilliseconds
        self.attempt = 1
        self.replyTo = replyTo
        self.trace = trace
        self.payload = payload
    }

    /// The lane, which is the record's key.
    public var lane: Lane { Lane.of(reference, command: id, claim: claim) }
}

/// The part of a command that is sealed on the topic.
public struct CommandPayload: Sendable, Hashable, Codable {
    /// The validated JSON body.
    public var body: [String: JSONValue]?
    /// The provider's callback, as it came.
    public var callback: RawCallback?

    /// A request with a body.
    public init(body: [String: JSONValue]) {
        self.body = body
    }

    /// A callback.
    public init(callback: RawCallback) {
        self.callback = callback
    }

    /// A request that is told by its references alone.
    public init() {}
}

extension CommandPayload: JSONReadable {
    init(_ json: JSONMembers) throws(JSONError) {
        if let value = json["body"] {
            guard case .object(let members) = value else { throw .unexpectedShape(path: "body") }
            body = members
        }
        guard let value = json["callback"] else { return }
        do {
            callback = try JSONTreeDecoder.decode(RawCallback.self, from: value, at: nil)
        } catch {
            throw .unexpectedShape(path: "callback")
        }
    }
}

extension CommandPayload: JSONWritable {
    /// Writes what there is.
    public func write(to json: inout JSONWriter) throws(JSONError) {
        try json.object { (json) throws(JSONError) in
            try json.member("body", body.map { .object($0) })
            try json.member("callback", encoding: callback)
        }
    }
}

/// A provider's callback as it came, before anything is read from it.
public struct RawCallback: Sendable, Hashable, Codable {
    /// `GET` or `POST`.
    public var method: String
    /// Header names in lower case; of repeated ones the values joined by a comma.
    public var headers: [String: String]
    /// Query parameters, percent-decoded, in order.
    public var query: [Parameter]
    /// The body's bytes.
    public var body: [UInt8]

    /// One query parameter.
    public struct Parameter: Sendable, Hashable, Codable {
        /// The name.
        public var name: String
        /// The value; empty when there is none.
        public var value: String

        /// Makes a parameter.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Makes a callback.
    public init(method: String, headers: [String: String], query: [Parameter], body: [UInt8]) {
        self.method = method
        self.headers = headers
        self.query = query
        self.body = body
    }

    /// First value of a query parameter.
    public func parameter(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    private enum CodingKeys: String, CodingKey {
        case method, headers, query, body
    }

    /// Reads what ``encode(to:)`` writes; a body that is no base64 is a decoding error.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        method = try container.decode(String.self, forKey: .method)
        headers = try container.decode([String: String].self, forKey: .headers)
        query = try container.decode([Parameter].self, forKey: .query)
        body = Array(try container.decode(Base64Bytes.self, forKey: .body).bytes)
    }

    /// Writes the body as base64.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(method, forKey: .method)
        try container.encode(headers, forKey: .headers)
        try container.encode(query, forKey: .query)
        try container.encode(Base64Bytes(bytes: body), forKey: .body)
    }
}

/// Where a reply goes: the partition of the reply topic and the ingress instance that reads it.
public struct ReplyAddress: Sendable, Hashable {
    /// Partition of the reply topic.
    public var partition: Int32
    /// The instance; others that read the partition ignore the reply.
    public var instance: String

    /// Names a partition and an instance.
    public init(partition: Int32, instance: String) {
        self.partition = partition
        self.instance = instance
    }

    /// Reads `7/instance`; anything else gives `nil`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let partition = Int32(parts[0]), partition >= 0 else { return nil }
        self.partition = partition
        self.instance = String(parts[1])
    }

    /// The header's text, `7/instance` for instance.
    public var text: String { "\(partition)/\(instance)" }
}
