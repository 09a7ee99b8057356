import Shared

/// What the merchant of one payment knows, and what it has asked for.
struct Order: Sendable {
    /// How a payment goes.
    enum Kind: CaseIterable, Sendable {
        case direct, declinedFirst, page, hold
    }

    /// A refund that was asked for.
    struct Refund: Sendable {
        let request: SimulatedIngress.Request
        let askedAt: Duration
        /// What it was answered with, once it was.
        var body: [UInt8]?
    }

    /// A payment that was answered, to be asked for again.
    struct Payment: Sendable {
        let request: SimulatedIngress.Request
        let expected: String
        let body: [UInt8]
    }

    let reference: String
    let kind: Kind
    /// Results that it was answered, in order.
    var results: [String] = []
    var refunds: [Refund] = []
    var payment: Payment?
    var paymentID: String?
    var expectsNotification = false
    /// The token of the payment whose outcome its merchant was told is unknown, and waits for the notification.
    var abandoned: String?
    /// Whether its merchant never got an answer, where clocks are so wrong that this can be.
    var isGivenUp = false

    init(reference: String, kind: Kind) {
        self.reference = reference
        self.kind = kind
    }

    /// Refunds that were answered as done.
    var refundsDone: Int { refunds.count { $0.body != nil } }
}

/// The first arrival of a notification.
struct Told: Sendable {
    var webhookID: String
    var reference: String
    var paymentID: String
    var isSuccessful: Bool
}
