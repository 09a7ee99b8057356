/// What a worker does in a lane without a caller: it was told by another lane, an ingress or an operator.
public struct LaneTask: Sendable, Hashable {
    /// Identifier; a task that is delivered again has the same.
    public var id: CommandID
    /// The provider.
    public var provider: ProviderName
    /// The lane that it belongs to: the payment's home, or that of the command that an operator settles.
    public var lane: Lane
    /// When it was written, Unix milliseconds.
    public var createdAtMilliseconds: Int64
    /// What is to be done; sealed on the topic.
    public var content: Content
    /// W3C trace context of what led to it.
    public var trace: TraceContext?

    /// What is to be done.
    public enum Content: Sendable, Hashable {
        /// Something was learnt about the payment of this lane.
        case news(PaymentNews)
        /// An operator says what became of an effect whose outcome is unknown.
        case settle(OperatorDecision)
        /// The caller of a command was answered that its outcome is unknown: who settles it tells the merchant.
        case untold(CommandID)
    }

    /// Makes a task.
    public init(
        id: CommandID, provider: ProviderName, lane: Lane, createdAtMilliseconds: Int64, content: Content,
        trace: TraceContext? = nil
    ) {
        self.id = id
        self.provider = provider
        self.lane = lane
        self.createdAtMilliseconds = createdAtMilliseconds
        self.content = content
        self.trace = trace
    }
}

/// Something that was learnt about a payment.
public struct PaymentNews: Sendable, Hashable, Codable {
    /// What happened.
    public enum Event: Sendable, Hashable, Codable {
        /// The provider's state of the payment, or of one renewal, was observed.
        case observed(ObservedState)
        /// Money was given back: minor units.
        case refunded(Int64)
        /// Reserved money was taken: minor units.
        case captured(Int64)
        /// The payment was closed before the buyer made it.
        case expired
    }

    /// The payment: its home, and the provider's identifier where known.
    public var reference: PaymentReference
    /// The command that learnt it; what is counted is counted once for each.
    public var cause: CommandID
    /// What it asked.
    public var operation: Operation
    /// What happened.
    public var event: Event

    /// Makes news.
    public init(reference: PaymentReference, cause: CommandID, operation: Operation, event: Event) {
        self.reference = reference
        self.cause = cause
        self.operation = operation
        self.event = event
    }
}

/// A state of a payment with the message that tells the merchant of it.
public struct ObservedState: Sendable, Hashable, Codable {
    /// The state.
    public var status: PaymentStatus
    /// `payment`, or `renewal` of a subscription.
    public var kind: String
    /// The provider's id of the occurrence; empty where there is one only.
    public var occurrence: String
    /// The amount, where the provider says it.
    public var amount: Money?
    /// What the merchant is told, should it be told.
    public var message: MerchantNotification

    /// Makes a state.
    public init(
        status: PaymentStatus, kind: String, occurrence: String, amount: Money?, message: MerchantNotification
    ) {
        self.status = status
        self.kind = kind
        self.occurrence = occurrence
        self.amount = amount
        self.message = message
    }
}

/// An operator's word on an effect whose outcome is unknown.
public struct OperatorDecision: Sendable, Hashable, Codable {
    /// The command whose effect it is.
    public var commandID: CommandID
    /// Whether it happened.
    public var hasHappened: Bool
    /// The provider's identifier, where the operator knows it.
    public var paymentID: String?
    /// A text for the answer.
    public var explanation: String

    /// Makes a decision.
    public init(commandID: CommandID, hasHappened: Bool, paymentID: String?, explanation: String) {
        self.commandID = commandID
        self.hasHappened = hasHappened
        self.paymentID = paymentID
        self.explanation = explanation
    }
}
