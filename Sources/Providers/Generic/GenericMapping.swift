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
            redirectToUrl: isRedirect ? payment.pageUrl : nil, redirectToUrlMobile: isRedirect ? payment.appUrl : nil)
    }

    static func reply(to refund: GenericWire.Refund) -> PaymentReply {
        let result: PaymentResult =
            switch refund.status {
            case "succeeded": .ok
            case "failed": .ko
            default: .pending
            }
        return PaymentReply(result: result, resultDescription: "Refund \(refund.status)", paymentID: refund.paymentId)
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
            reference: PaymentReference(shopTransactionID: payment.reference, paymentID: payment.id),
            paymentType: payment.method == "paypal" ? "PAYPAL" : "CREDITCARD",
            amount: Currency(code: payment.currency).map { Money(minorUnits: payment.amount, currency: $0) },
            token: payment.recurrenceToken, cardInformation: card)
    }

    private static func text(of payment: GenericWire.Payment) -> String {
        payment.declineReason ?? payment.description ?? payment.status
    }
}
