import Shared

/// Calls about subscriptions and their bills.
extension StripeClient {
    func subscription(_ id: String, _ call: ProviderCall) async throws(ProviderFailure) -> StripeWire.Subscription {
        try await read(Self.path(ofSubscription: id), as: StripeWire.Subscription.self, call)
    }

    func cancelSubscription(
        _ id: String, _ call: ProviderCall
    ) async throws(EffectFailure) -> StripeWire.Subscription {
        let path = Self.path(ofSubscription: id)
        return try await change(path, method: "DELETE", FormBody(), as: StripeWire.Subscription.self, call)
    }

    /// The key is not that of the call: a session may have been expired, or tried to be, under that one.
    func updateSubscription(
        _ id: String, _ form: FormBody, _ call: ProviderCall
    ) async throws(EffectFailure) -> StripeWire.Subscription {
        try await change(
            Self.path(ofSubscription: id), form, as: StripeWire.Subscription.self,
            key: call.idempotencyKey + "-subscription", call)
    }

    func invoice(_ id: String, _ call: ProviderCall) async throws(ProviderFailure) -> StripeWire.Invoice {
        try await read("/v1/invoices/" + PercentEncoding.encode(id), as: StripeWire.Invoice.self, call)
    }

    /// What paid a bill, the newest first.
    func payments(
        ofInvoice id: String, _ call: ProviderCall
    ) async throws(ProviderFailure) -> StripeRefundTargets {
        let path = "/v1/invoice_payments?invoice=\(PercentEncoding.encode(id))&status=paid"
        let payments: StripeWire.InvoicePaymentList?
        do {
            payments = try await read(path, as: StripeWire.InvoicePaymentList.self, call)
        } catch  where error.code == .unknownTransaction {
            payments = nil
        }
        if let payments, !payments.data.isEmpty {
            let found = payments.data.compactMap { Self.target($0.payment.paymentIntent, $0.payment.charge) }
            let isWhole = payments.hasMore == false && found.count == payments.data.count
            return StripeRefundTargets(found: found, isWhole: isWhole)
        }
        // Versions before 2025-03-31 have no invoice payments; there the bill itself names what paid it.
        let invoice = try await invoice(id, call)
        let target = invoice.status == "paid" ? Self.target(invoice.paymentIntent, invoice.charge) : nil
        return StripeRefundTargets(found: target.map { [$0] } ?? [], isWhole: target != nil)
    }

    private static func target(
        _ intent: StripeWire.Reference?, _ charge: StripeWire.Reference?
    ) -> StripeRefundTarget? {
        if let intent { return StripeRefundTarget(parameter: "payment_intent", id: intent.id) }
        return charge.map { StripeRefundTarget(parameter: "charge", id: $0.id) }
    }

    private static func path(ofSubscription id: String) -> String {
        "/v1/subscriptions/" + PercentEncoding.encode(id)
    }
}
