import Shared

extension StripeProvider {
    /// Reads the session and the refunds so far, then refunds: the own refund of an earlier attempt is found by its
    /// metadata, and more than what is left is refused with a text that says what is left.
    func refund(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let session = try await client.session(paymentID, call)
        let payment = PaymentReference(
            shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
        switch session.paymentStatus {
        case "paid": break
        case "unpaid", "no_payment_required":
            return StripeMapping.reply(.ko, "The payment was not made, there is nothing to refund", of: payment)
        default: throw StripeErrors.unexpectedState(mayHaveHadEffect: false)
        }
        guard let target = try await refundTargets(of: session, call).found.first else {
            // What was paid was paid by something: not to be told is no refusal.
            throw StripeErrors.unexpectedState(mayHaveHadEffect: false)
        }
        let refunds = try await client.refunds(of: target, call)
        if let earlier = refunds.first(where: { $0.isMade(by: call) }) {
            return StripeMapping.reply(to: earlier, of: payment)
        }
        if let explanation = StripeMapping.refusal(ofRefund: call.amount, session: session, refunds: refunds) {
            return StripeMapping.reply(.ko, explanation, of: payment)
        }
        let form = StripeForms.refund(
            amount: call.amount, target: target, refundID: call.idempotencyKey,
            reference: payment.shopTransactionID ?? call.reference.shopTransactionID)
        do {
            return StripeMapping.reply(to: try await client.createRefund(form, call), of: payment)
        } catch .refused(let explanation) {
            return StripeMapping.reply(.ko, explanation, of: payment)
        } catch {
            throw error.failure
        }
    }

    /// What a session's money came by; of a subscription that is its first payment, found through the first bill.
    func refundTargets(
        of session: StripeWire.Session, _ call: ProviderCall
    ) async throws(ProviderFailure) -> StripeRefundTargets {
        if let intent = session.paymentIntent?.id {
            let target = StripeRefundTarget(parameter: "payment_intent", id: intent)
            return StripeRefundTargets(found: [target], isWhole: true)
        }
        if let invoice = session.invoice?.id { return try await client.payments(ofInvoice: invoice, call) }
        guard let subscription = session.subscription?.id,
            let latest = try await client.subscription(subscription, call).latestInvoice?.id
        else { return StripeRefundTargets(isWhole: false) }
        // After a renewal this is another bill than before.
        var targets = try await client.payments(ofInvoice: latest, call)
        targets.isWhole = false
        return targets
    }
}

extension StripeWire.Refund {
    /// Whether a call made it.
    func isMade(by call: ProviderCall) -> Bool { metadata?[StripeMapping.refundKey] == call.idempotencyKey }
}
