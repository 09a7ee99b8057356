import Shared

/// Ending sessions and subscriptions. All of it may be repeated: what has ended stays ended.
extension StripeProvider {
    /// Closes a session that the buyer has not completed.
    func expire(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let (session, refusal) = try await expireOrRead(paymentID, call)
        if let refusal {
            let payment = PaymentReference(
                shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
            return StripeMapping.reply(.ko, refusal, of: payment)
        }
        guard let reply = Self.expiry(of: session, paymentID: paymentID) else {
            throw StripeErrors.unexpectedState(mayHaveHadEffect: true)
        }
        return reply
    }

    /// What a session's state answers to `pay/expire`; `nil` when it is open, or of a state that says nothing.
    static func expiry(of session: StripeWire.Session, paymentID: String) -> PaymentReply? {
        let payment = PaymentReference(
            shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
        return switch session.status {
        case "expired": StripeMapping.reply(.ok, "The payment has expired", of: payment)
        case "complete": StripeMapping.reply(.ko, "The payment was completed and cannot expire", of: payment)
        default: nil
        }
    }

    /// Ends a subscription at once, with its period or on a day; one that never began, by closing its session.
    func cancel(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let time = try CancelTime(call.body)
        // Renewals are notified with the subscription's own id, so that one is taken as well.
        if paymentID.hasPrefix("sub_") {
            return try await end(paymentID, time, PaymentReference(paymentID: paymentID), call)
        }
        var session = try await client.session(paymentID, call)
        if session.mode == "subscription", session.status == "open" {
            let (closed, refusal) = try await expireOrRead(session.id, call)
            if let refusal { throw EffectFailure.refused(refusal).failure }
            session = closed
        }
        if let subscription = session.subscription?.id {
            let payment = PaymentReference(
                shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
            return try await end(subscription, time, payment, call)
        }
        guard let reply = Self.absence(ofSubscriptionIn: session, paymentID: paymentID) else {
            throw StripeErrors.unexpectedState(mayHaveHadEffect: false)
        }
        return reply
    }

    /// What a session without a subscription answers to `pay/recurrent/expire`; `nil` when its state says nothing.
    static func absence(ofSubscriptionIn session: StripeWire.Session, paymentID: String) -> PaymentReply? {
        let payment = PaymentReference(
            shopTransactionID: StripeMapping.reference(of: session), paymentID: paymentID)
        return switch (session.mode, session.status) {
        case ("subscription", "expired"): StripeMapping.reply(.ok, "The subscription never began", of: payment)
        case ("payment", _): StripeMapping.reply(.ko, "The payment has no subscription", of: payment)
        default: nil
        }
    }

    /// Closes a session; one that Stripe does not close is read, because only its state tells why.
    ///
    /// - Returns: the session, with Stripe's words when it is open all the same.
    private func expireOrRead(
        _ id: String, _ call: ProviderCall
    ) async throws(ProviderFailure) -> (StripeWire.Session, refusal: String?) {
        do {
            return (try await client.expireSession(id, call), nil)
        } catch .refused(let explanation) {
            let session = try await client.session(id, call)
            return (session, session.status == "open" ? explanation : nil)
        } catch {
            throw error.failure
        }
    }

    private func end(
        _ id: String, _ time: CancelTime, _ payment: PaymentReference, _ call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentReply {
        let subscription: StripeWire.Subscription
        do throws(EffectFailure) {
            subscription = try await send(time, to: id, call)
        } catch {
            // Stripe refuses to end what has ended, or does not know it any more: then it is read.
            switch error {
            case .failed(let failure) where failure.code != .unknownTransaction: throw failure
            case .failed(let failure):
                let found = try await client.subscription(id, call)
                guard found.hasEnded else { throw failure }
                return Self.ended(found, payment)
            case .refused(let explanation):
                let found = try await client.subscription(id, call)
                if found.hasEnded { return Self.ended(found, payment) }
                return StripeMapping.reply(.ko, explanation, of: Self.completed(payment, found))
            }
        }
        guard let text = Self.confirmation(of: time, in: subscription) else {
            throw ProviderFailure(
                .unusableAnswer, mayHaveHadEffect: true, isTransient: false,
                "Stripe's subscription does not end as asked")
        }
        return StripeMapping.reply(.ok, text, of: Self.completed(payment, subscription))
    }

    private func send(
        _ time: CancelTime, to id: String, _ call: ProviderCall
    ) async throws(EffectFailure) -> StripeWire.Subscription {
        var form = FormBody()
        switch time {
        case .now: return try await client.cancelSubscription(id, call)
        case .endOfPeriod: form.add("cancel_at_period_end", "true")
        case .at(let seconds):
            form.add("cancel_at", String(seconds))
            form.add("proration_behavior", "none")
        }
        return try await client.updateSubscription(id, form, call)
    }

    /// The answer when there is nothing left to end.
    static func ended(_ subscription: StripeWire.Subscription, _ payment: PaymentReference) -> PaymentReply {
        StripeMapping.reply(.ok, "The subscription has ended already", of: completed(payment, subscription))
    }

    /// The payment with the merchant's identifier as the subscription carries it, when no session has told it.
    static func completed(
        _ payment: PaymentReference, _ subscription: StripeWire.Subscription
    ) -> PaymentReference {
        PaymentReference(
            shopTransactionID: payment.shopTransactionID ?? StripeMapping.reference(in: subscription.metadata),
            paymentID: payment.paymentID)
    }

    /// The text of success; `nil` when the subscription is not what was asked for.
    static func confirmation(of time: CancelTime, in subscription: StripeWire.Subscription) -> String? {
        switch time {
        case .now: subscription.status == "canceled" ? "The subscription has ended" : nil
        case .endOfPeriod:
            subscription.cancelAtPeriodEnd == true || subscription.cancelAt != nil
                ? "The subscription ends with its period" : nil
        case .at(let seconds):
            subscription.cancelAt == seconds ? "The subscription ends on the day asked for" : nil
        }
    }
}

extension StripeWire.Subscription {
    /// Whether it is over.
    var hasEnded: Bool { status == "canceled" || status == "incomplete_expired" }
}
