import Shared

extension StripeProvider {
    /// Reads the session and the refunds so far, then refunds: the own refund of an earlier attempt is found by its
    /// metadata, and more than what is left is refused with a text that says what is left.
    func refund(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let session = try await client.session(paymentID, call)
        switch session.paymentStatus {
        case "paid": break
        case "unpaid", "no_payment_required":
            return PaymentReply(
                result: .ko, resultDescription: "The payment was not made, there is nothing to refund",
                paymentID: paymentID)
        default: throw StripeErrors.unexpectedState(mayHaveHadEffect: false)
        }
        guard let target = try await refundTarget(of: session, call) else {
            // What was paid was paid by something: not to be told is no refusal.
            throw StripeErrors.unexpectedState(mayHaveHadEffect: false)
        }
        let refunds = try await client.refunds(of: target, call)
        if let earlier = refunds.first(where: { $0.metadata?["refundId"] == call.idempotencyKey }) {
            return StripeMapping.reply(to: earlier, paymentID: paymentID)
        }
        if let explanation = StripeMapping.refusal(ofRefund: call.amount, session: session, refunds: refunds) {
            return PaymentReply(result: .ko, resultDescription: explanation, paymentID: paymentID)
        }
        let form = StripeForms.refund(amount: call.amount, target: target, refundID: call.idempotencyKey)
        return try await PaymentReply.orRefusal(paymentID: paymentID) { () async throws(EffectFailure) in
            StripeMapping.reply(to: try await client.createRefund(form, call), paymentID: paymentID)
        }
    }

    /// What a session's money came by; of a subscription that is its first payment, found through the first bill.
    func refundTarget(
        of session: StripeWire.Session, _ call: ProviderCall
    ) async throws(ProviderFailure) -> StripeRefundTarget? {
        if let intent = session.paymentIntent?.id {
            return StripeRefundTarget(parameter: "payment_intent", id: intent)
        }
        var invoiceID = session.invoice?.id
        if invoiceID == nil, let subscription = session.subscription?.id {
            invoiceID = try await client.subscription(subscription, call).latestInvoice?.id
        }
        guard let invoiceID else { return nil }
        return try await client.payment(ofInvoice: invoiceID, call)
    }
}
