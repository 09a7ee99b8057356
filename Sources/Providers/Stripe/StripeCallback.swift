public import Shared

extension StripeProvider {
    /// How far a webhook's time may be from now, in seconds.
    static let webhookToleranceSeconds: Int64 = 300

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
        switch try StripeCallback(callback.body) {
        case .session(let event):
            let session = event.data.object
            guard let reference = Self.reference(StripeMapping.reference(of: session), session.id) else {
                return .ignored(reason: "a session that this service did not create")
            }
            return .payment(reference)
        case .renewal(let event):
            let invoice = event.data.object
            let shopTransactionID = StripeMapping.reference(in: invoice.subscriptionMetadata)
            guard let reference = Self.reference(shopTransactionID, invoice.subscriptionID) else {
                return .ignored(reason: "a bill of a subscription that this service did not create")
            }
            return .payment(reference)
        case .other: return .ignored(reason: "an event that this service does not act on")
        }
    }

    private static func reference(_ shopTransactionID: String?, _ paymentID: String?) -> PaymentReference? {
        guard let shopTransactionID, let paymentID else { return nil }
        guard PaymentReference.isWellFormed(shopTransactionID), PaymentReference.isWellFormed(paymentID) else {
            return nil
        }
        return PaymentReference(shopTransactionID: shopTransactionID, paymentID: paymentID)
    }

    /// What a renewal's event reports.
    ///
    /// A payment that failed may have succeeded since, and events come late and in any order: so the bill is read. A
    /// bill that was paid stays paid.
    func observation(
        of event: StripeWire.InvoiceEvent, _ call: ProviderCall
    ) async throws(ProviderFailure) -> PaymentObservation {
        guard event.type == StripeCallback.failedRenewal else {
            return StripeMapping.observation(ofRenewal: event.data.object, isPaid: true)
        }
        do {
            let invoice = try await client.invoice(event.data.object.id, call)
            guard invoice.status == "paid" else {
                return StripeMapping.observation(ofRenewal: event.data.object, isPaid: false)
            }
            // The bill is read in the version of our calls, which may show less of its subscription than the event's.
            let told = StripeMapping.observation(ofRenewal: event.data.object, isPaid: true)
            var observation = StripeMapping.observation(ofRenewal: invoice, isPaid: true)
            observation.reference.shopTransactionID =
                observation.reference.shopTransactionID ?? told.reference.shopTransactionID
            observation.reference.paymentID = observation.reference.paymentID ?? told.reference.paymentID
            return observation
        } catch  where error.code == .unknownTransaction {
            return StripeMapping.observation(ofRenewal: event.data.object, isPaid: false)
        }
    }
}

/// A webhook of Stripe's, as far as this service acts on it.
enum StripeCallback {
    /// The outcome of a session.
    case session(StripeWire.SessionEvent)
    /// A renewal of a subscription was paid, or could not be.
    case renewal(StripeWire.InvoiceEvent)
    /// Anything else.
    case other

    /// The events about sessions that report an outcome.
    static let sessionEvents: Set<String> = [
        "checkout.session.completed", "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed", "checkout.session.expired",
    ]
    /// The events about bills; the two of success come together and are one notification.
    static let invoiceEvents: Set<String> = ["invoice.paid", "invoice.payment_succeeded", failedRenewal]
    /// The event of a renewal that could not be charged.
    static let failedRenewal = "invoice.payment_failed"

    /// Reads a body; one that is no event, or whose object is not what its type says, is unreadable.
    init(_ body: [UInt8]) throws(CallbackRejection) {
        guard let head = try? JSONCoding.decode(StripeWire.EventHead.self, from: body) else {
            throw .unreadable("the body must be a Stripe event with id and type")
        }
        guard head.object == "event" else {
            self = .other
            return
        }
        if Self.sessionEvents.contains(head.type) {
            guard let event = try? JSONCoding.decode(StripeWire.SessionEvent.self, from: body) else {
                throw .unreadable("data.object must be a checkout.session")
            }
            self = .session(event)
        } else if Self.invoiceEvents.contains(head.type) {
            guard let event = try? JSONCoding.decode(StripeWire.InvoiceEvent.self, from: body) else {
                throw .unreadable("data.object must be an invoice")
            }
            // The first bill of a subscription is reported by its session, other bills are not of a renewal.
            self = event.data.object.billingReason == "subscription_cycle" ? .renewal(event) : .other
        } else {
            self = .other
        }
    }
}
