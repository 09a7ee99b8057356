import Shared

/// From the demonstration provider's objects to the product's.
enum GenericMapping {
    static func reply(to payment: GenericWire.Payment) -> PaymentReply {
        let result: PaymentResult =
            switch payment.status {
            case "captured", "authorized": .ok
            case "pending": payment.pageUrl == nil ? .pending : .redirectToURL
            case "declined", "expired", "voided": .ko
            default: .pending
            }
        let isRedirect = result == .redirectToURL
        return PaymentReply(
            result: result, resultDescription: text(of: payment), paymentID: payment.id,
            redirectToUrl: isRedirect ? payment.pageUrl : nil, redirectToUrlMobile: isRedirect ? payment.appUrl : nil,
            shopTransactionID: shopTransactionID(of: payment))
    }

    static func reply(to refund: GenericWire.Refund, of payment: GenericWire.Payment) -> PaymentReply {
        let result: PaymentResult =
            switch refund.status {
            case "succeeded": .ok
            case "failed": .ko
            default: .pending
            }
        return reply(result, "Refund \(refund.status)", of: payment)
    }

    /// A reply about a payment, with both of its identifiers.
    static func reply(_ result: PaymentResult, _ text: String, of payment: GenericWire.Payment) -> PaymentReply {
        PaymentReply(
            result: result, resultDescription: text, paymentID: payment.id,
            shopTransactionID: shopTransactionID(of: payment))
    }

    /// The merchant's identifier, as long as it is one.
    private static func shopTransactionID(of payment: GenericWire.Payment) -> String? {
        PaymentReference.isWellFormed(payment.reference) ? payment.reference : nil
    }

    /// The reply of an operation on a session's transaction, which always names the transaction and its code.
    static func sessionReply(
        _ result: PaymentResult, _ text: String, transactionID: String?, authCode: String?
    ) -> ProviderAnswer {
        .object([
            "result": .string(result.rawValue), "resultDescription": .string(text),
            "transactionId": transactionID.map { .string($0) } ?? .null,
            "authCode": authCode.map { .string($0) } ?? .null,
        ])
    }

    static func answer(to session: GenericWire.Session) -> ProviderAnswer {
        let status: (PaymentStatus, String) =
            switch session.status {
            case "captured": (.accepted, "Payment captured")
            case "authorized": (.accepted, "Amount reserved")
            case "declined": (.failed, "Payment declined")
            case "expired": (.failed, "Session expired")
            case "voided": (.failed, "Reservation released")
            default: (.pending, "Waiting for the buyer")
            }
        return .object([
            "status": .string(status.0.rawValue), "resultDescription": .string(status.1),
            "transactionId": session.transactionId.map { .string($0) } ?? .null,
            "authCode": session.authCode.map { .string($0) } ?? .null,
        ])
    }

    static func observation(of payment: GenericWire.Payment) -> PaymentObservation {
        let status: PaymentStatus =
            switch payment.status {
            case "captured", "authorized": .accepted
            case "declined", "expired", "voided": .failed
            default: .pending
            }
        var card: JSONValue?
        if let brand = payment.card?.brand, let last4 = payment.card?.last4 {
            card = .object(["brand": .string(brand), "last4": .string(last4)])
        }
        return PaymentObservation(
            status: status, resultDescription: text(of: payment),
            reference: PaymentReference(shopTransactionID: shopTransactionID(of: payment), paymentID: payment.id),
            paymentType: payment.method == "paypal" ? "PAYPAL" : "CREDITCARD",
            amount: Currency(code: payment.currency).map { Money(minorUnits: payment.amount, currency: $0) },
            token: payment.recurrenceToken, cardInformation: card)
    }

    private static func text(of payment: GenericWire.Payment) -> String {
        payment.declineReason ?? payment.description ?? payment.status
    }
}
