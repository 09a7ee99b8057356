import Shared

/// From the product's calls to Stripe's parameters, and from Stripe's objects to the product's.
enum StripeMapping {
    /// Metadata of sessions, of what they make, and of refunds: the merchant's identifier.
    static let referenceKey = "shopTransactionId"
    /// Metadata of refunds: the key of the call that made it.
    static let refundKey = "refundId"

    static func reply(to session: StripeWire.Session) throws(ProviderFailure) -> PaymentReply {
        guard let url = session.url, !url.isEmpty else {
            throw ProviderFailure(
                .unusableAnswer, mayHaveHadEffect: true, isTransient: false, "Stripe's session has no page")
        }
        return PaymentReply(
            result: .redirectToURL, resultDescription: "The buyer pays on Stripe's page", paymentID: session.id,
            redirectToUrl: url, shopTransactionID: reference(of: session))
    }

    /// `pending` and `requires_action` are accepted and unfinished.
    static func reply(to refund: StripeWire.Refund, of payment: PaymentReference) -> PaymentReply {
        let result: PaymentResult =
            switch refund.status {
            case "succeeded": .ok
            case "failed", "canceled": .ko
            default: .pending
            }
        let text = refund.failureReason.map { "Refund failed: \($0)" } ?? "Refund \(refund.status ?? "pending")"
        return reply(result, text, of: payment)
    }

    /// A reply about a payment, with all that is known of its identifiers.
    static func reply(_ result: PaymentResult, _ text: String, of payment: PaymentReference) -> PaymentReply {
        PaymentReply(
            result: result, resultDescription: text, paymentID: payment.paymentID,
            shopTransactionID: payment.shopTransactionID)
    }

    /// Why a refund cannot be made, when more is asked than is left; `nil` when Stripe should be asked.
    static func refusal(
        ofRefund amount: Money?, session: StripeWire.Session, refunds: [StripeWire.Refund]
    ) -> String? {
        guard let total = session.amountTotal else { return nil }
        var given: Int64 = 0
        for refund in refunds where refund.status != "failed" && refund.status != "canceled" {
            let sum = given.addingReportingOverflow(refund.amount)
            guard !sum.overflow else { return nil }
            given = sum.partialValue
        }
        let left = Money(minorUnits: max(0, total.subtractingReportingOverflow(given).partialValue))
        if left.minorUnits == 0 { return "The payment is refunded completely" }
        guard let amount, amount.minorUnits > left.minorUnits else { return nil }
        return "Refund of \(amount.decimalString) exceeds the \(left.decimalString) that is left of the payment"
    }

    static func observation(of session: StripeWire.Session) -> PaymentObservation {
        observation(of: session, status: status(of: session))
    }

    /// The event's own word decides; a completed session may still wait for a delayed payment.
    static func observation(of event: StripeWire.SessionEvent) -> PaymentObservation {
        let session = event.data.object
        let status: PaymentStatus =
            switch event.type {
            case "checkout.session.async_payment_succeeded": .accepted
            case "checkout.session.async_payment_failed", "checkout.session.expired": .failed
            case "checkout.session.completed" where isPaid(session): .accepted
            default: .pending
            }
        return observation(of: session, status: status)
    }

    /// The `paymentID` of a renewal is the subscription's id: a bill does not name the session that it began with.
    static func observation(ofRenewal invoice: StripeWire.Invoice, isPaid: Bool) -> PaymentObservation {
        PaymentObservation(
            status: isPaid ? .accepted : .failed,
            resultDescription: isPaid ? "Subscription renewed" : "Renewal of the subscription failed",
            reference: PaymentReference(
                shopTransactionID: reference(in: invoice.subscriptionMetadata), paymentID: invoice.subscriptionID),
            paymentType: "STRIPE", amount: money(isPaid ? invoice.amountPaid : invoice.amountDue, invoice.currency),
            kind: "renewal", occurrence: invoice.id)
    }

    private static func money(_ minorUnits: Int64?, _ currency: String?) -> Money? {
        guard let minorUnits, let currency = currency.flatMap({ Currency(code: $0.uppercased()) }) else { return nil }
        return Money(minorUnits: minorUnits, currency: currency)
    }

    /// The merchant's identifier that `pay` stamped into the session; `nil` for a session of somebody else's.
    ///
    /// `client_reference_id` is not asked: on Stripe's payment links the buyer chooses it.
    static func reference(of session: StripeWire.Session) -> String? {
        reference(in: session.metadata)
    }

    /// The merchant's identifier in the metadata that a session, or what it made, carries; `nil` for what is not this
    /// service's.
    static func reference(in metadata: [String: String]?) -> String? {
        metadata?[referenceKey].flatMap { PaymentReference.isWellFormed($0) ? $0 : nil }
    }

    private static func observation(of session: StripeWire.Session, status: PaymentStatus) -> PaymentObservation {
        let text =
            switch status {
            case .accepted: "Payment completed"
            case .failed: session.status == "expired" ? "Session expired" : "Payment failed"
            case .pending: "Payment pending"
            }
        return PaymentObservation(
            status: status, resultDescription: text,
            reference: PaymentReference(shopTransactionID: reference(of: session), paymentID: session.id),
            paymentType: "STRIPE", amount: money(session.amountTotal, session.currency))
    }

    private static func status(of session: StripeWire.Session) -> PaymentStatus {
        switch session.status {
        case "expired": .failed
        case "complete" where isPaid(session): .accepted
        case "complete" where ["canceled", "requires_payment_method"].contains(session.paymentIntent?.status ?? ""):
            // A delayed payment that failed leaves the session complete and unpaid.
            .failed
        default: .pending
        }
    }

    private static func isPaid(_ session: StripeWire.Session) -> Bool {
        session.paymentStatus == "paid" || session.paymentStatus == "no_payment_required"
    }
}
