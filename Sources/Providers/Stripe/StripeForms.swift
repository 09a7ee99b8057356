import Shared

/// Bodies of the calls that change something at Stripe.
enum StripeForms {
    /// What a new Checkout Session needs.
    struct NewSession {
        var order: StripeOrder
        var isSubscription: Bool
        var reference: String
        var successURL: String
        var cancelURL: String
    }

    static func session(_ new: NewSession) -> FormBody {
        var form = FormBody()
        form.add("mode", new.isSubscription ? "subscription" : "payment")
        for (index, item) in new.order.items.enumerated() { add(item, "line_items[\(index)]", to: &form) }
        form.add("success_url", new.successURL)
        form.add("cancel_url", new.cancelURL)
        form.add("client_reference_id", new.reference)
        form.add("metadata[\(StripeMapping.referenceKey)]", new.reference)
        // What the session makes carries the reference too: renewals are told by the subscription's metadata alone.
        let made = new.isSubscription ? "subscription_data" : "payment_intent_data"
        form.add("\(made)[metadata][\(StripeMapping.referenceKey)]", new.reference)
        return form
    }

    static func refund(
        amount: Money?, target: StripeRefundTarget, refundID: String, reference: String?
    ) -> FormBody {
        var form = FormBody()
        form.add(target.parameter, target.id)
        if let amount { form.add("amount", String(amount.minorUnits)) }
        form.add("metadata[\(StripeMapping.refundKey)]", refundID)
        if let reference { form.add("metadata[\(StripeMapping.referenceKey)]", reference) }
        return form
    }

    private static func add(_ item: StripeOrder.Item, _ prefix: String, to form: inout FormBody) {
        form.add("\(prefix)[quantity]", String(item.quantity))
        let amount: Money
        let product: (name: String, value: String)
        switch item.price {
        case .prepared(let id):
            form.add("\(prefix)[price]", id)
            return
        case .product(let id, let unitAmount): (amount, product) = (unitAmount, ("[product]", id))
        case .named(let name, let unitAmount): (amount, product) = (unitAmount, ("[product_data][name]", name))
        }
        let data = "\(prefix)[price_data]"
        form.add("\(data)[currency]", amount.currency.code.lowercased())
        form.add("\(data)[unit_amount]", String(amount.minorUnits))
        form.add(data + product.name, product.value)
        guard let recurrence = item.recurrence else { return }
        form.add("\(data)[recurring][interval]", recurrence.interval)
        form.add("\(data)[recurring][interval_count]", String(recurrence.count))
    }
}

/// What money came by, as far as Stripe says it, the newest first.
struct StripeRefundTargets: Sendable, Hashable {
    /// What was found.
    var found: [StripeRefundTarget] = []
    /// Whether nothing else can have been refunded.
    var isWhole: Bool
}

/// What a refund gives back: a PaymentIntent, or a charge where an invoice was paid by one.
struct StripeRefundTarget: Sendable, Hashable {
    /// `payment_intent` or `charge`.
    var parameter: String
    /// `pi_…` or `ch_…`.
    var id: String
}
