/// What a caller, or a provider, asks of the service; the raw value is the operation's part of the path.
public enum Operation: String, Sendable, Hashable, Codable, CaseIterable {
    /// Start a payment.
    case pay = "pay"
    /// Pay an instalment, or create a subscription.
    case payRecurrent = "pay/recurrent"
    /// Invalidate a payment that the buyer has not made yet.
    case payExpire = "pay/expire"
    /// End a subscription now, at the end of its period or on a day.
    case payRecurrentExpire = "pay/recurrent/expire"
    /// Take the money of a pre-authorised payment.
    case confirm = "confirm"
    /// Give money back, wholly or partly.
    case refund = "refund"
    /// The provider reports an outcome.
    case callback = "callback"
    /// Ask the provider for the outcome and notify the merchant.
    case check = "check"
    /// Ask the provider for the outcome and answer it.
    case status = "status"
    /// Open a session at the provider.
    case sessionOpen = "session/open"
    /// Settle the transaction of a session.
    case sessionConfirm = "session/confirm"
    /// Void the transaction of a session.
    case sessionVoid = "session/void"
    /// Refund the transaction of a session.
    case sessionRefund = "session/refund"
    /// Ask for the state of a session.
    case sessionCheck = "session/check"

    /// Whether the path names a payment method between provider and operation.
    public var hasPaymentMethod: Bool {
        switch self {
        case .pay, .payRecurrent, .payExpire, .payRecurrentExpire, .confirm, .refund: true
        default: false
        }
    }

    /// Whether the caller waits for the worker's reply; the others are answered once the command is stored.
    public var isSynchronous: Bool {
        switch self {
        case .callback, .check: false
        default: true
        }
    }
}
