import Foundation

/// A payment of the demonstration provider.
struct GenericPayment: Sendable {
    /// Where a payment stands; the raw value is what the wire shows.
    enum Status: String, Sendable {
        case pending, authorized, captured, declined, expired, voided

        /// Human text shown as the payment's `description`.
        var explanation: String {
            switch self {
            case .pending: "Waiting for the shopper"
            case .authorized: "Amount reserved"
            case .captured: "Payment captured"
            case .declined: "Payment declined"
            case .expired: "Payment expired"
            case .voided: "Reservation released"
            }
        }
    }

    /// How the merchant hears of changes.
    struct Callback: Sendable {
        /// Absolute address.
        let url: String
        /// `GET` or `POST`.
        let method: String
    }

    /// Money given back.
    struct Refund: Sendable {
        /// `gr_…`.
        let id: String
        /// In the payment's minor unit.
        let amount: Int
        /// The merchant's own id of the refund.
        let refundReference: String
        /// When it was made.
        let createdAt: Date
    }

    /// `gp_…`.
    let id: String
    /// The merchant's reference.
    let reference: String
    /// Whole amount in the currency's minor unit.
    let amount: Int
    /// ISO 4217, upper case.
    let currency: String
    /// `card` or `paypal`.
    let method: String
    /// Nil for payments of a session.
    let callback: Callback?
    /// Where the page sends a shopper who paid.
    let successURL: String?
    /// Where the page sends a shopper who declined.
    let failureURL: String?
    /// Whether approval only reserves the amount.
    let reservesOnly: Bool
    /// Whether approval also makes a token for later instalments.
    let startsRecurrence: Bool
    /// When it was made.
    let createdAt: Date
    /// The merchant's own id of the request that made it; nil for payments of a session.
    var attemptReference: String?
    /// Code of the approval, only for payments of a session.
    var authCode: String?
    /// Where the payment stands.
    var status = Status.pending
    /// In the minor unit; at most `amount`.
    var capturedAmount = 0
    /// The merchant's own id of the request that captured it.
    var captureReference: String?
    /// The merchant's own id of the request that voided it.
    var voidReference: String?
    /// All refunds, oldest first.
    var refunds: [Refund] = []
    /// `gt_…` once an initial recurring payment is approved.
    var recurrenceToken: String?
    /// Why it was declined.
    var declineReason: String?
    /// The last callback made.
    var lastWebhook: OutgoingWebhook?

    /// Sum of the refunds.
    var refundedAmount: Int {
        refunds.reduce(0) { MinorUnits.sum($0, $1.amount) }
    }

    /// Approves a pending payment: reserves or captures the whole amount.
    mutating func approve() {
        status = reservesOnly ? .authorized : .captured
        capturedAmount = reservesOnly ? 0 : amount
        if startsRecurrence { recurrenceToken = Identifier.make("gt_") }
    }

    /// The payment as the wire shows it; `pagesURL` is where hosted pages live.
    func json(pagesURL: String) -> JSONValue {
        let isApproved = status == .authorized || status == .captured
        var fields: [JSONField] = [
            JSONField(name: "id", value: .string(id)),
            JSONField(name: "status", value: .string(status.rawValue)),
            JSONField(name: "description", value: .string(status.explanation)),
            JSONField(name: "amount", value: .integer(amount)),
            JSONField(name: "currency", value: .string(currency)),
            JSONField(name: "reference", value: .string(reference)),
            JSONField(name: "method", value: .string(method)),
            JSONField(name: "capturedAmount", value: .integer(capturedAmount)),
            JSONField(name: "refundedAmount", value: .integer(refundedAmount)),
            JSONField(name: "pageUrl", value: status == .pending ? .string("\(pagesURL)/\(id)") : .null),
            JSONField(name: "appUrl", value: .null),
            JSONField(name: "recurrenceToken", value: .text(recurrenceToken)),
            JSONField(
                name: "card", value: isApproved && method == "card" ? ["brand": "visa", "last4": "4242"] : .null),
            JSONField(name: "createdAt", value: .string(createdAt.formatted(.iso8601))),
            JSONField(name: "declineReason", value: .text(declineReason)),
            JSONField(name: "attemptReference", value: .text(attemptReference)),
            JSONField(name: "captureReference", value: .text(captureReference)),
            JSONField(name: "voidReference", value: .text(voidReference)),
        ]
        if let authCode { fields.append(JSONField(name: "authCode", value: .string(authCode))) }
        return .object(fields)
    }

    /// A refund of this payment as the wire shows it.
    func json(_ refund: Refund) -> JSONValue {
        var fields: [JSONField] = [
            JSONField(name: "id", value: .string(refund.id)),
            JSONField(name: "paymentId", value: .string(id)),
            JSONField(name: "amount", value: .integer(refund.amount)),
            JSONField(name: "status", value: "succeeded"),
            JSONField(name: "refundReference", value: .string(refund.refundReference)),
            JSONField(name: "createdAt", value: .string(refund.createdAt.formatted(.iso8601))),
        ]
        if let authCode { fields.append(JSONField(name: "authCode", value: .string(authCode))) }
        return .object(fields)
    }
}
