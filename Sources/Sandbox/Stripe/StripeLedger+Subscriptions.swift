extension StripeLedger {
    /// Starts the subscription of a session that is being completed; the first bill is charged unless a trial comes
    /// first.
    mutating func startSubscription(_ session: inout StripeSession, now: Int) -> [StripeEvent] {
        guard let recurring = session.new.recurring else { return [] }
        let trialDays = max(0, min(session.new.trialPeriodDays ?? 0, 730))
        let isFree = trialDays > 0 || session.new.amountTotal == 0
        let periodEnd =
            trialDays > 0
            ? MinorUnits.sum(now, trialDays * 24 * 60 * 60) : recurring.end(ofPeriodFrom: now)
        var subscription = StripeSubscription(
            id: Identifier.make("sub_"), customerID: Identifier.make("cus_"), sessionID: session.id,
            amount: session.new.amountTotal, currency: session.new.currency, recurring: recurring, created: now,
            metadata: session.new.resultMetadata, status: trialDays > 0 ? "trialing" : "active",
            currentPeriodStart: now, currentPeriodEnd: periodEnd, latestInvoiceID: "")
        let intent = isFree ? nil : makeIntent(for: session, status: "succeeded", isRenewal: false, now: now)
        let invoice = makeInvoice(
            of: subscription, reason: "subscription_create", amountDue: isFree ? 0 : subscription.amount,
            intentID: intent?.id, isPaid: true, now: now)
        store(invoice, in: &subscription)
        subscriptions[subscription.id] = subscription
        session.customerID = subscription.customerID
        session.subscriptionID = subscription.id
        session.invoiceID = invoice.id
        session.paymentStatus = isFree ? "no_payment_required" : "paid"
        return [StripeEvent(type: "invoice.paid", sessionID: session.id, object: invoice.json)]
    }

    private func makeInvoice(
        of subscription: StripeSubscription, reason: String, amountDue: Int, intentID: String?, isPaid: Bool, now: Int
    ) -> StripeInvoice {
        StripeInvoice(
            id: Identifier.make("in_"), subscriptionID: subscription.id, customerID: subscription.customerID,
            billingReason: reason, amountDue: amountDue, currency: subscription.currency,
            metadata: subscription.metadata, created: now, intentID: intentID, isPaid: isPaid)
    }

    /// The subscription of that id.
    func subscription(_ id: String) throws(StripeError) -> StripeSubscription {
        guard let subscription = subscriptions[id] else { throw .noSuch("subscription", id) }
        return subscription
    }

    /// Ends a subscription at once.
    mutating func cancel(_ id: String, now: Int) throws(StripeError) -> (StripeSubscription, [StripeEvent]) {
        var subscription = try subscription(id)
        guard subscription.status != "canceled" else { throw .noSuch("subscription", id) }
        return end(&subscription, now: now)
    }

    private mutating func end(
        _ subscription: inout StripeSubscription, now: Int
    ) -> (StripeSubscription, [StripeEvent]) {
        subscription.status = "canceled"
        subscription.canceledAt = subscription.canceledAt ?? now
        subscription.endedAt = now
        subscriptions[subscription.id] = subscription
        return (subscription, [event("customer.subscription.deleted", subscription)])
    }

    private func event(
        _ type: String, _ subscription: StripeSubscription, previous: JSONValue? = nil
    ) -> StripeEvent {
        StripeEvent(
            type: type, sessionID: subscription.sessionID, object: subscription.json, previousAttributes: previous)
    }

    /// Plans or withdraws the end of a subscription, or changes its metadata.
    mutating func update(
        _ id: String, _ change: StripeCommand.SubscriptionChange, now: Int
    ) throws(StripeError) -> (StripeSubscription, [StripeEvent]) {
        var subscription = try subscription(id)
        let old = subscription
        if subscription.status == "canceled", change.changesSchedule {
            throw .invalid(
                nil, "A canceled subscription can only update its cancellation_details and metadata.")
        }
        for field in change.metadata {
            subscription.metadata.removeAll { $0.name == field.name }
            if !field.value.isEmpty { subscription.metadata.append(field) }
        }
        if let cancelsAtPeriodEnd = change.cancelsAtPeriodEnd {
            subscription.cancelsAtPeriodEnd = cancelsAtPeriodEnd
            subscription.cancelAt = cancelsAtPeriodEnd ? subscription.currentPeriodEnd : nil
        }
        switch change.cancelAt {
        case .unchanged: break
        case .cleared: subscription.cancelAt = nil
        case .at(let time):
            guard time > now else { throw .invalid("cancel_at", "`cancel_at` must be in the future.") }
            subscription.cancelAt = time
            subscription.cancelsAtPeriodEnd = false
        }
        if change.changesSchedule { subscription.canceledAt = subscription.cancelAt == nil ? nil : now }
        subscriptions[id] = subscription
        let previous: JSONValue = [
            "cancel_at": .number(old.cancelAt), "cancel_at_period_end": .bool(old.cancelsAtPeriodEnd),
        ]
        return (subscription, [event("customer.subscription.updated", subscription, previous: previous)])
    }

    /// Lets the next period begin: charges it, fails to, or ends a subscription that was to end.
    mutating func renew(
        _ id: String, fails: Bool, now: Int
    ) throws(StripeError) -> (StripeSubscription, [StripeEvent]) {
        var subscription = try subscription(id)
        guard subscription.status != "canceled" else { throw .noSuch("subscription", id) }
        if subscription.endsWithPeriod { return end(&subscription, now: now) }
        let (session, _) = try session(subscription.sessionID, now: now)
        let isFree = subscription.amount == 0
        let intent =
            fails || isFree ? nil : makeIntent(for: session, status: "succeeded", isRenewal: true, now: now)
        let invoice = makeInvoice(
            of: subscription, reason: "subscription_cycle", amountDue: subscription.amount, intentID: intent?.id,
            isPaid: !fails, now: now)
        store(invoice, in: &subscription)
        subscription.status = fails ? "past_due" : "active"
        subscription.currentPeriodStart = subscription.currentPeriodEnd
        subscription.currentPeriodEnd = subscription.recurring.end(ofPeriodFrom: subscription.currentPeriodStart)
        subscriptions[id] = subscription
        let type = fails ? "invoice.payment_failed" : "invoice.paid"
        return (
            subscription,
            [StripeEvent(type: type, sessionID: subscription.sessionID, object: invoice.json)]
        )
    }
}
