/// A Checkout Session.
struct StripeSession: Sendable {
    /// `cs_test_…`.
    let id: String
    /// What it was created with.
    let new: StripeNewSession
    /// Unix seconds.
    let created: Int
    /// Unix seconds.
    let expiresAt: Int
    /// `open`, `complete` or `expired`.
    var status = "open"
    /// `unpaid`, `paid` or `no_payment_required`.
    var paymentStatus = "unpaid"
    /// `pi_…` once the shopper paid, in payment mode.
    var intentID: String?
    /// `cus_…` once completed, in subscription mode.
    var customerID: String?
    /// `in_…` once completed, in subscription mode.
    var invoiceID: String?
    /// `sub_…` once completed, in subscription mode.
    var subscriptionID: String?
    /// The last event sent about the session, for operators.
    var lastWebhook: OutgoingWebhook?

    /// Where the browser goes after completion.
    var filledSuccessURL: String {
        new.successURL.replacing("{CHECKOUT_SESSION_ID}", with: id)
    }

    /// The `checkout.session` object, with the given objects in place of their ids.
    func json(
        pagesURL: String, intent: StripeIntent? = nil, subscription: StripeSubscription? = nil,
        invoice: StripeInvoice? = nil
    ) -> JSONValue {
        [
            "id": .string(id), "object": "checkout.session", "amount_subtotal": .integer(new.amountTotal),
            "amount_total": .integer(new.amountTotal), "cancel_url": .text(new.cancelURL),
            "client_reference_id": .text(new.clientReferenceID), "created": .integer(created),
            "currency": .string(new.currency), "customer": .text(customerID),
            "customer_email": .text(new.customerEmail), "expires_at": .integer(expiresAt),
            "invoice": invoice?.json ?? .text(invoiceID), "livemode": false, "metadata": .strings(new.metadata),
            "mode": new.isSubscription ? "subscription" : "payment",
            "payment_intent": intent?.json ?? .text(intentID), "payment_method_types": ["card"],
            "payment_status": .string(paymentStatus), "status": .string(status),
            "subscription": subscription?.json ?? .text(subscriptionID), "success_url": .string(new.successURL),
            "url": status == "open" ? .string("\(pagesURL)/\(id)") : .null,
        ]
    }
}
