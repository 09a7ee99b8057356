public import Shared

extension StripeProvider {
    /// How far a webhook's time may be from now, in seconds.
    static let webhookToleranceSeconds: Int64 = 300

    /// The events about sessions that report an outcome.
    static let sessionEvents: Set<String> = [
        "checkout.session.completed", "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed", "checkout.session.expired",
    ]

    /// Verifies `Stripe-Signature` over the raw body; events that report no outcome of ours are ignored.
    public func authenticate(_ callback: RawCallback) throws(CallbackRejection) -> CallbackNotice {
        guard callback.method == "POST" else { throw .notAuthentic }
        guard let text = callback.headers["stripe-signature"], let header = SignatureHeader(text) else {
            throw .notAuthentic
        }
        let isAuthentic = header.verifies(
            callback.body, key: webhookSecret.exposed, nowSeconds: clock.unixSeconds,
            toleranceSeconds: Self.webhookToleranceSeconds)
        guard isAuthentic else { throw .notAuthentic }
        guard let head = try? JSONCoding.decode(StripeWire.EventHead.self, from: callback.body) else {
            throw .unreadable("the body must be a Stripe event with id and type")
        }
        guard head.object == "event", Self.sessionEvents.contains(head.type) else {
            return .ignored(reason: "an event that this service does not act on")
        }
        guard let event = try? JSONCoding.decode(StripeWire.SessionEvent.self, from: callback.body) else {
            throw .unreadable("data.object must be a checkout.session")
        }
        let session = event.data.object
        guard let shopTransactionID = StripeMapping.reference(of: session) else {
            return .ignored(reason: "a session that this service did not create")
        }
        guard PaymentReference.isWellFormed(shopTransactionID), PaymentReference.isWellFormed(session.id) else {
            return .ignored(reason: "a session that this service did not create")
        }
        return .payment(PaymentReference(shopTransactionID: shopTransactionID, paymentID: session.id))
    }
}
