/// The answer of a worker to a waiting HTTP request.
public struct Reply: Sendable, Hashable {
    /// The command that is answered.
    public var commandID: CommandID
    /// The HTTP status.
    public var statusCode: Int
    /// Value of `Retry-After` in seconds, where the answer has one.
    public var retryAfterSeconds: Int?
    /// Whether this is a recorded answer given again.
    public var isReplayed: Bool
    /// The JSON body as the caller reads it; sealed on the topic.
    public var body: [UInt8]

    /// Makes a reply.
    public init(
        commandID: CommandID, statusCode: Int, retryAfterSeconds: Int? = nil, isReplayed: Bool = false, body: [UInt8]
    ) {
        self.commandID = commandID
        self.statusCode = statusCode
        self.retryAfterSeconds = retryAfterSeconds
        self.isReplayed = isReplayed
        self.body = body
    }
}

/// What became of a command, for the notifier and any consumer of the merchant's own.
public struct ResultEvent: Sendable, Hashable {
    /// The command that led to it.
    public var commandID: CommandID
    /// The provider.
    public var provider: ProviderName
    /// What was asked.
    public var operation: Operation
    /// The payment.
    public var reference: PaymentReference
    /// The amount, where known.
    public var amount: Money?
    /// `OK`, `KO`, `REDIRECT_TO_URL`, `PENDING`, `ACCEPTED`, `FAILED`, or an ``ErrorCode``.
    public var outcome: String
    /// When it was found, Unix milliseconds.
    public var occurredAtMilliseconds: Int64
    /// The notification to be sent, where there is one.
    public var notification: PendingNotification?
    /// W3C trace context of what led to it.
    public var trace: TraceContext?

    /// Makes a result.
    public init(
        commandID: CommandID, provider: ProviderName, operation: Operation, reference: PaymentReference,
        amount: Money? = nil, outcome: String, occurredAtMilliseconds: Int64, notification: PendingNotification? = nil
    ) {
        self.commandID = commandID
        self.provider = provider
        self.operation = operation
        self.reference = reference
        self.amount = amount
        self.outcome = outcome
        self.occurredAtMilliseconds = occurredAtMilliseconds
        self.notification = notification
    }

    /// The record's key: results of one payment are ordered.
    public var key: String {
        provider.value + ":" + (reference.shopTransactionID ?? reference.paymentID ?? commandID.value)
    }
}

/// A notification on its way to the merchant.
public struct PendingNotification: Sendable, Hashable {
    /// Header `webhook-id`: the same for repeats of one event, different for different events.
    public var webhookID: String
    /// The message; sealed on the topic, because it may carry tokens.
    public var message: MerchantNotification

    /// Makes a pending notification.
    public init(webhookID: String, message: MerchantNotification) {
        self.webhookID = webhookID
        self.message = message
    }
}
