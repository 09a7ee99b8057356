public import Shared

/// A call that a provider is to execute.
public struct ProviderCall: Sendable {
    /// The command.
    public var commandID: CommandID
    /// What is asked.
    public var operation: Operation
    /// The payment method's name.
    public var paymentMethod: String?
    /// The payment.
    public var reference: PaymentReference
    /// The amount, where the request has one.
    public var amount: Money?
    /// The validated body.
    public var body: JSONValue
    /// Stable key of the effect: the same for every attempt at it, in this process or a later one.
    public var idempotencyKey: String
    /// Longest time that each request to the provider may take.
    public var timeout: Duration
    /// W3C trace context to pass on.
    public var trace: TraceContext?
    /// What an earlier attempt at the same effect noted; `nil` for a first one.
    public var progress: JSONValue?
    /// Notes durably what a flow of several requests has reached, for whoever has to go on after this process.
    ///
    /// Throws when nothing more may be sent.
    public var note: @Sendable (JSONValue) async throws(ProviderFailure) -> Void = { _ in }

    /// Makes the call of a command.
    public init(_ command: Command, idempotencyKey: String, timeout: Duration) {
        self.commandID = command.id
        self.operation = command.operation
        self.paymentMethod = command.paymentMethod
        self.reference = command.reference
        self.amount = command.amount
        self.body = .object(command.payload.body ?? [:])
        self.idempotencyKey = idempotencyKey
        self.timeout = timeout
        self.trace = command.trace
    }
}

/// What an executed call led to.
public enum ProviderAnswer: Sendable, Hashable {
    /// Reply of a payment operation.
    case payment(PaymentReply)
    /// Reply of a session operation: its JSON object.
    case object([String: JSONValue])
}

/// What a provider says of a payment.
public struct PaymentObservation: Sendable, Hashable {
    /// The state.
    public var status: PaymentStatus
    /// A text for people.
    public var resultDescription: String
    /// The payment, with every identifier that the provider knows.
    public var reference: PaymentReference
    /// `paymentType` of the notification.
    public var paymentType: String
    /// The amount, where the provider says it.
    public var amount: Money?
    /// `payment`, or `renewal` of a subscription.
    public var kind: String
    /// The provider's id of the occurrence, an invoice for instance; empty where there is one only.
    public var occurrence: String
    /// Token for later instalments.
    public var token: String?
    /// Information on the card.
    public var cardInformation: JSONValue?
    /// Data of a SafeCharge transaction.
    public var safeChargeData: JSONValue?
    /// Whether the buyer has agreed and the provider waits for ``PaymentProvider/capture(_:)``.
    public var awaitsCapture = false

    /// Makes an observation of a payment.
    public init(
        status: PaymentStatus, resultDescription: String, reference: PaymentReference, paymentType: String,
        amount: Money? = nil, kind: String = "payment", occurrence: String = "", token: String? = nil,
        cardInformation: JSONValue? = nil
    ) {
        self.status = status
        self.resultDescription = resultDescription
        self.reference = reference
        self.paymentType = paymentType
        self.amount = amount
        self.kind = kind
        self.occurrence = occurrence
        self.token = token
        self.cardInformation = cardInformation
    }
}

/// A call that led to no answer that can be used.
public struct ProviderFailure: Error, Sendable, Hashable {
    /// What happened; also a metric label.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The provider does not know the transaction.
        case unknownTransaction = "unknown_transaction"
        /// The provider refuses our credentials.
        case credentialsRefused = "credentials_refused"
        /// The provider refuses the request as ill-formed: a fault of ours or of the account's configuration.
        case requestRefused = "request_refused"
        /// Too many requests; nothing was executed.
        case throttled = "throttled"
        /// An error of the provider's own.
        case providerError = "provider_error"
        /// The answer cannot be read.
        case unusableAnswer = "unusable_answer"
        /// No connection.
        case unreachable = "unreachable"
        /// No answer, or not a whole one.
        case noAnswer = "no_answer"
        /// A call with the same key is still running.
        case stillRunning = "still_running"
    }

    /// What happened.
    public var code: Code
    /// Whether the call may have had its effect; `false` is proof that it has not.
    public var mayHaveHadEffect: Bool
    /// Whether trying again can help.
    public var isTransient: Bool
    /// How long the provider asks to wait.
    public var retryAfter: Duration?
    /// A text for the caller: never a value of the request or the provider's answer.
    public var explanation: String

    /// Makes a failure.
    public init(
        _ code: Code, mayHaveHadEffect: Bool, isTransient: Bool, retryAfter: Duration? = nil, _ explanation: String
    ) {
        self.code = code
        self.mayHaveHadEffect = mayHaveHadEffect
        self.isTransient = isTransient
        self.retryAfter = retryAfter
        self.explanation = explanation
    }
}
