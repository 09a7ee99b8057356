import Shared

/// Ending sessions and subscriptions. All of it may be repeated: what has ended stays ended.
extension StripeProvider {
    /// Closes a session that the buyer has not completed.
    func expire(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        return try await PaymentReply.orRefusal(paymentID: paymentID) { () async throws(EffectFailure) in
            let session = try await expireOrRead(paymentID, call)
            switch session.status {
            case "expired":
                return PaymentReply(result: .ok, resultDescription: "The payment has expired", paymentID: paymentID)
            case "complete":
                return PaymentReply(
                    result: .ko, resultDescription: "The payment was completed and cannot expire",
                    paymentID: paymentID)
            default: throw .failed(StripeErrors.unexpectedState(mayHaveHadEffect: true))
            }
        }
    }

    /// Ends a subscription at once, with its period or on a day; one that never began, by closing its session.
    func cancel(_ call: ProviderCall) async throws(ProviderFailure) -> PaymentReply {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let time = try CancelTime(call.body)
        // Renewals are notified with the subscription's own id, so that one is taken as well.
        if paymentID.hasPrefix("sub_") { return try await end(paymentID, time, paymentID: paymentID, call) }
        var session = try await client.session(paymentID, call)
        if session.mode == "subscription", session.status == "open" {
            let open = session
            do {
                session = try await expireOrRead(open.id, call)
            } catch {
                throw error.failure
            }
        }
        if let subscription = session.subscription?.id {
            return try await end(subscription, time, paymentID: paymentID, call)
        }
        switch (session.mode, session.status) {
        case ("subscription", "expired"):
            return PaymentReply(
                result: .ok, resultDescription: "The subscription never began", paymentID: paymentID)
        case ("payment", _):
            return PaymentReply(
                result: .ko, resultDescription: "The payment has no subscription", paymentID: paymentID)
        default: throw StripeErrors.unexpectedState(mayHaveHadEffect: false)
        }
    }

    /// Closes a session; one that Stripe does not close is read, because only its state tells why.
    private func expireOrRead(
        _ id: String, _ call: ProviderCall
    ) async throws(EffectFailure) -> StripeWire.Session {
        do {
            return try await client.expireSession(id, call)
        } catch .refused(let explanation) {
            let session = try await EffectFailure.reading { () async throws(ProviderFailure) in
                try await client.session(id, call)
            }
            if session.status == "open" { throw .refused(explanation) }
            return session
        }
    }

    private func end(
        _ id: String, _ time: CancelTime, paymentID: String, _ call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentReply {
        try await PaymentReply.orRefusal(paymentID: paymentID) { () async throws(EffectFailure) in
            let subscription: StripeWire.Subscription
            do throws(EffectFailure) {
                subscription = try await send(time, to: id, call)
            } catch {
                guard try await isEnded(id, after: error, call) else { throw error }
                return PaymentReply(
                    result: .ok, resultDescription: "The subscription has ended already", paymentID: paymentID)
            }
            guard let text = Self.confirmation(of: time, in: subscription) else {
                throw .failed(
                    ProviderFailure(
                        .unusableAnswer, mayHaveHadEffect: true, isTransient: false,
                        "Stripe's subscription does not end as asked"))
            }
            return PaymentReply(result: .ok, resultDescription: text, paymentID: paymentID)
        }
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

    /// Whether a refused or unknown subscription is one that has ended: Stripe refuses to end it again.
    private func isEnded(
        _ id: String, after failure: EffectFailure, _ call: ProviderCall
    ) async throws(EffectFailure) -> Bool {
        switch failure {
        case .failed(let failure) where failure.code != .unknownTransaction: return false
        default: break
        }
        let subscription = try await EffectFailure.reading { () async throws(ProviderFailure) in
            try await client.subscription(id, call)
        }
        return subscription.status == "canceled" || subscription.status == "incomplete_expired"
    }

    /// The text of success; `nil` when the subscription is not what was asked for.
    private static func confirmation(
        of time: CancelTime, in subscription: StripeWire.Subscription
    ) -> String? {
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
