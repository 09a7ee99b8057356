/// A PaymentIntent with its only charge.
struct StripeIntent: Sendable {
    /// `pi_…`.
    let id: String
    /// `ch_…`.
    let chargeID: String
    /// The session that led to it; renewals keep the session of their subscription.
    let sessionID: String
    /// In cents.
    let amount: Int
    /// Lower case.
    let currency: String
    /// Metadata given as `payment_intent_data[metadata]`.
    let metadata: [FormField]
    /// Unix seconds.
    let created: Int
    /// `processing`, `succeeded` or `requires_payment_method`.
    var status: String
    /// Refunds, oldest first.
    var refunds: [StripeRefund] = []

    /// Cents given back or on their way.
    var amountRefunded: Int { refunds.reduce(0) { MinorUnits.sum($0, $1.amount) } }

    /// The `payment_intent` object.
    var json: JSONValue {
        [
            "id": .string(id), "object": "payment_intent", "amount": .integer(amount),
            "amount_received": .integer(status == "succeeded" ? amount : 0), "created": .integer(created),
            "currency": .string(currency),
            "latest_charge": status == "succeeded" ? .string(chargeID) : .null, "livemode": false,
            "metadata": .strings(metadata), "status": .string(status),
        ]
    }

    /// The `charge` object, as `charge.refunded` shows it.
    var chargeJSON: JSONValue {
        [
            "id": .string(chargeID), "object": "charge", "amount": .integer(amount),
            "amount_refunded": .integer(amountRefunded), "created": .integer(created),
            "currency": .string(currency), "livemode": false, "metadata": .strings(metadata),
            "paid": true, "payment_intent": .string(id), "refunded": .bool(amountRefunded >= amount),
            "status": "succeeded",
        ]
    }
}

/// Money given back for a PaymentIntent.
struct StripeRefund: Sendable {
    /// `re_…`.
    let id: String
    /// `pi_…`.
    let intentID: String
    /// `ch_…`.
    let chargeID: String
    /// In cents.
    let amount: Int
    /// Lower case.
    let currency: String
    /// `duplicate`, `fraudulent`, `requested_by_customer` or nil.
    let reason: String?
    /// The merchant's metadata.
    let metadata: [FormField]
    /// Unix seconds.
    let created: Int

    /// The `refund` object.
    var json: JSONValue {
        [
            "id": .string(id), "object": "refund", "amount": .integer(amount), "charge": .string(chargeID),
            "created": .integer(created), "currency": .string(currency), "metadata": .strings(metadata),
            "payment_intent": .string(intentID), "reason": .text(reason), "status": "succeeded",
        ]
    }
}

/// A bill of a subscription.
struct StripeInvoice: Sendable {
    /// `in_…`.
    let id: String
    /// `sub_…`.
    let subscriptionID: String
    /// `cus_…`.
    let customerID: String
    /// `subscription_create` or `subscription_cycle`.
    let billingReason: String
    /// In cents.
    let amountDue: Int
    /// Lower case.
    let currency: String
    /// Metadata of the subscription.
    let metadata: [FormField]
    /// Unix seconds.
    let created: Int
    /// Nil when nothing was due or nothing could be charged.
    let intentID: String?
    /// Whether nothing is open.
    let isPaid: Bool

    /// The `invoice` object.
    var json: JSONValue {
        [
            "id": .string(id), "object": "invoice", "amount_due": .integer(amountDue),
            "amount_paid": .integer(isPaid ? amountDue : 0), "amount_remaining": .integer(isPaid ? 0 : amountDue),
            "attempt_count": 1, "attempted": true, "billing_reason": .string(billingReason),
            "created": .integer(created), "currency": .string(currency), "customer": .string(customerID),
            "livemode": false, "metadata": [:],
            "next_payment_attempt": isPaid ? .null : .integer(MinorUnits.sum(created, 3 * 24 * 60 * 60)),
            "parent": [
                "type": "subscription_details", "quote_details": .null,
                "subscription_details": [
                    "metadata": .strings(metadata), "subscription": .string(subscriptionID),
                ],
            ],
            "status": isPaid ? "paid" : "open",
        ]
    }

    /// The `invoice_payment` that says how it was paid; nil when it was not, or without money.
    var paymentJSON: JSONValue? {
        guard isPaid, let intentID else { return nil }
        return [
            "id": .string("inpay_" + id.dropFirst(3)), "object": "invoice_payment",
            "amount_paid": .integer(amountDue), "amount_requested": .integer(amountDue),
            "created": .integer(created), "currency": .string(currency), "invoice": .string(id),
            "is_default": true, "livemode": false,
            "payment": ["type": "payment_intent", "payment_intent": .string(intentID)],
            "status": "paid",
        ]
    }
}

/// A subscription made by a session.
struct StripeSubscription: Sendable {
    /// `sub_…`.
    let id: String
    /// `cus_…`.
    let customerID: String
    /// `cs_…`.
    let sessionID: String
    /// Cents of each bill.
    let amount: Int
    /// Lower case.
    let currency: String
    /// How often it is billed.
    let recurring: StripeRecurring
    /// Unix seconds.
    let created: Int
    /// The merchant's metadata.
    var metadata: [FormField]
    /// `active`, `trialing`, `past_due` or `canceled`.
    var status: String
    /// Unix seconds.
    var currentPeriodStart: Int
    /// Unix seconds.
    var currentPeriodEnd: Int
    /// `in_…` of the last bill.
    var latestInvoiceID: String
    /// All bills, oldest first.
    var invoices: [StripeInvoice] = []
    /// Unix seconds of the planned end.
    var cancelAt: Int?
    /// Whether it ends with the present period.
    var cancelsAtPeriodEnd = false
    /// Unix seconds of the wish to end it.
    var canceledAt: Int?
    /// Unix seconds of the end.
    var endedAt: Int?

    /// Whether it goes no further than the present period.
    var endsWithPeriod: Bool {
        cancelsAtPeriodEnd || cancelAt.map { $0 <= currentPeriodEnd } == true
    }

    /// The `subscription` object.
    var json: JSONValue {
        [
            "id": .string(id), "object": "subscription", "cancel_at": .number(cancelAt),
            "cancel_at_period_end": .bool(cancelsAtPeriodEnd), "canceled_at": .number(canceledAt),
            "created": .integer(created), "currency": .string(currency), "customer": .string(customerID),
            "ended_at": .number(endedAt),
            "items": [
                "object": "list", "has_more": false,
                "data": [
                    [
                        "id": .string("si_" + id.dropFirst(4)), "object": "subscription_item",
                        "current_period_end": .integer(currentPeriodEnd),
                        "current_period_start": .integer(currentPeriodStart),
                        "price": [
                            "object": "price", "currency": .string(currency), "unit_amount": .integer(amount),
                            "recurring": [
                                "interval": .string(recurring.interval.rawValue),
                                "interval_count": .integer(recurring.count),
                            ],
                        ],
                        "quantity": 1, "subscription": .string(id),
                    ]
                ],
            ],
            "latest_invoice": .string(latestInvoiceID), "livemode": false, "metadata": .strings(metadata),
            "status": .string(status),
        ]
    }
}
