/// The validated parameters of `POST /v1/checkout/sessions`.
struct StripeNewSession: Sendable {
    /// Whether it makes a subscription rather than one payment.
    let isSubscription: Bool
    /// Sum of all line items in cents.
    let amountTotal: Int
    /// Lower case.
    let currency: String
    /// How often it is billed; nil for one payment.
    let recurring: StripeRecurring?
    /// Where the browser goes after completion, with its placeholder.
    let successURL: String
    /// Where *back* goes.
    let cancelURL: String?
    /// The merchant's reference.
    let clientReferenceID: String?
    /// The session's own metadata.
    let metadata: [FormField]
    /// Metadata of what the session makes: its PaymentIntent or its subscription.
    let resultMetadata: [FormField]
    /// The shopper's address.
    let customerEmail: String?
    /// Free days before the first charge.
    let trialPeriodDays: Int?
    /// Unix seconds; nil for the default of 24 hours.
    let expiresAt: Int?

    /// Line items of a session in payment mode at most; a subscription has as many of both kinds together less.
    static let maximumLineItems = 100
    /// Largest amount: eight digits.
    static let maximumAmount = 99_999_999

    /// Every parameter that is accepted; lists are `#`, metadata keys `*`.
    static let allowed: Set<String> = [
        "mode", "success_url", "cancel_url", "client_reference_id", "customer", "customer_email", "locale",
        "expires_at", "payment_method_types[#]", "metadata[*]", "expand[#]", "submit_type",
        "billing_address_collection", "allow_promotion_codes", "payment_intent_data[metadata][*]",
        "payment_intent_data[description]", "payment_intent_data[receipt_email]",
        "payment_intent_data[statement_descriptor]", "subscription_data[metadata][*]",
        "subscription_data[description]", "subscription_data[trial_period_days]", "subscription_data[trial_end]",
        "subscription_data[billing_cycle_anchor]", "line_items[#][quantity]", "line_items[#][price]",
        "line_items[#][price_data][currency]", "line_items[#][price_data][unit_amount]",
        "line_items[#][price_data][unit_amount_decimal]", "line_items[#][price_data][product]",
        "line_items[#][price_data][product_data][name]", "line_items[#][price_data][product_data][description]",
        "line_items[#][price_data][product_data][metadata][*]", "line_items[#][price_data][recurring][interval]",
        "line_items[#][price_data][recurring][interval_count]",
    ]

    /// Reads and validates the parameters at a time in Unix seconds.
    init(_ parameters: StripeParameters, catalogue: StripeCatalogue, now: Int) throws(StripeError) {
        let mode = try parameters.required("mode")
        guard mode == "payment" || mode == "subscription" else {
            throw .invalid("mode", "Invalid mode: must be one of payment, setup, or subscription")
        }
        isSubscription = mode == "subscription"
        try Self.refuseDataOfOtherMode(parameters, isSubscription: isSubscription)
        successURL = try parameters.required("success_url")
        cancelURL = parameters["cancel_url"]
        for (name, url) in [("success_url", successURL), ("cancel_url", cancelURL ?? successURL)] {
            let filled = url.replacing("{CHECKOUT_SESSION_ID}", with: "cs_test")
            guard WebAddress.isValid(filled) else { throw .invalid(name, "Not a valid URL", code: "url_invalid") }
        }
        clientReferenceID = parameters["client_reference_id"]
        customerEmail = parameters["customer_email"]
        metadata = try parameters.metadata()
        resultMetadata = try parameters.metadata(isSubscription ? "subscription_data" : "payment_intent_data")
        trialPeriodDays = try parameters.integer("subscription_data[trial_period_days]")
        expiresAt = try parameters.integer("expires_at")
        if let expiresAt {
            guard expiresAt >= now + 30 * 60, expiresAt <= now + 24 * 60 * 60 else {
                throw .invalid(
                    "expires_at",
                    "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
                )
            }
        }
        let items = try StripeLineItem.read(parameters, catalogue: catalogue)
        (amountTotal, currency, recurring) = try Self.combine(items, isSubscription: isSubscription)
    }

    private static func refuseDataOfOtherMode(
        _ parameters: StripeParameters, isSubscription: Bool
    ) throws(StripeError) {
        let refused = isSubscription ? "payment_intent_data" : "subscription_data"
        guard !parameters.entries.contains(where: { $0.parts[0] == refused }) else {
            let mode = isSubscription ? "subscription" : "payment"
            throw .invalid(refused, "You can not pass `\(refused)` in `\(mode)` mode.")
        }
    }

    private static func combine(
        _ items: [StripeLineItem], isSubscription: Bool
    ) throws(StripeError) -> (Int, String, StripeRecurring?) {
        guard let first = items.first else { throw .missing("line_items") }
        var total = 0
        var recurring: StripeRecurring?
        for (index, item) in items.enumerated() {
            guard item.currency == first.currency else {
                throw .invalid("line_items[\(index)]", "All line items must have the same currency.")
            }
            if let own = item.recurring {
                guard isSubscription else {
                    throw .invalid(
                        "line_items[\(index)]",
                        "You specified `payment` mode but passed a recurring price. Either switch to "
                            + "`subscription` mode or use only one-time prices.")
                }
                guard recurring == nil || recurring == own else {
                    throw .invalid(
                        "line_items[\(index)]",
                        "All recurring prices must have the same `interval` and `interval_count`.")
                }
                recurring = own
            }
            total = MinorUnits.sum(total, item.amount)
        }
        guard !isSubscription || recurring != nil else {
            throw .invalid(
                "line_items", "You must provide at least one recurring price in `subscription` mode when using prices.")
        }
        return (total, first.currency, recurring)
    }
}
