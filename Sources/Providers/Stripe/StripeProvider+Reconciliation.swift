public import Shared

extension StripeProvider {
    /// Stripe keeps keys for at least 24 hours, with the first answer even when it is a 500; a margin is left for
    /// clocks that differ.
    public func recovery(of operation: Operation) -> EffectRecovery {
        .repeatUnderKey(life: .seconds(23 * 3600), keepsErrors: true)
    }

    /// Tells what became of an execution whose answer was lost and whose key is gone, by reading alone.
    public func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        try await ProviderFailure.leavingInDoubt { () async throws(ProviderFailure) in try await lookUp(call) }
    }

    private func lookUp(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch call.operation {
        case .pay, .payRecurrent:
            // Stripe finds no session by the merchant's reference, and none has to be found. A session charges nobody:
            // a buyer does that on its page, whose address was in the lost answer alone. So nobody can have been sent
            // there, and it expires unpaid within a day. (Had its answer come after all, the effect would be settled;
            // had somebody paid, its webhook would have settled it.) It left nothing that anybody can use: as if it had
            // never been.
            return nil
        case .payExpire: return try await stateAfterExpiry(call).map { .payment($0) }
        case .payRecurrentExpire: return try await stateAfterCancellation(call).map { .payment($0) }
        case .refund: return try await lostRefund(call).map { .payment($0) }
        default: throw ProviderFailure.operationMissing
        }
    }

    /// The refund that carries the call's key, among all refunds of everything that the session was paid by.
    private func lostRefund(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply? {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let session = try await client.session(paymentID, call)
        let payment = PaymentReference(
            shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
        let targets = try await refundTargets(of: session, call)
        for target in targets.found {
            if let refund = try await client.refund(made: call, of: target) {
                return StripeMapping.reply(to: refund, of: payment)
            }
        }
        // What was paid stays paid: of a session that is not, nothing can have been given back.
        if targets.isWhole || ["unpaid", "no_payment_required"].contains(session.paymentStatus) { return nil }
        throw ProviderFailure.undecided
    }

    /// An expiry, by what it left.
    ///
    /// The session's state is as good as a reference: what has expired stays so, whoever closed it, and is answered
    /// alike. One that is open was not closed, and may be closed anew without harm.
    private func stateAfterExpiry(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply? {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let session = try await client.session(paymentID, call)
        if session.status == "open" { return nil }
        guard let reply = Self.expiry(of: session, paymentID: paymentID) else { throw ProviderFailure.undecided }
        return reply
    }

    /// As with expiry, the state decides; an end that is planned otherwise than asked for may be planned anew.
    private func stateAfterCancellation(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply? {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let time = try CancelTime(call.body)
        if paymentID.hasPrefix("sub_") {
            return try await planned(time, of: paymentID, PaymentReference(paymentID: paymentID), call)
        }
        let session = try await client.session(paymentID, call)
        if let subscription = session.subscription?.id {
            let payment = PaymentReference(
                shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
            return try await planned(time, of: subscription, payment, call)
        }
        if session.mode == "subscription", session.status == "open" { return nil }
        guard let reply = Self.absence(ofSubscriptionIn: session, paymentID: paymentID) else {
            throw ProviderFailure.undecided
        }
        return reply
    }

    private func planned(
        _ time: CancelTime, of id: String, _ payment: PaymentReference, _ call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentReply? {
        let subscription = try await client.subscription(id, call)
        if subscription.hasEnded { return Self.ended(subscription, payment) }
        // A date may have been set by an earlier call: it does not tell that the end of the period was asked for.
        if time == .endOfPeriod, subscription.cancelAtPeriodEnd != true { return nil }
        return Self.confirmation(of: time, in: subscription).map {
            StripeMapping.reply(.ok, $0, of: Self.completed(payment, subscription))
        }
    }
}
