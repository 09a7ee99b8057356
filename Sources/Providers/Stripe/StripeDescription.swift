import Shared

extension StripeProvider {
    /// Stripe through hosted Checkout Sessions; the session's id is the `paymentID`.
    public static let description = ProviderDescription(
        name: ProviderName("stripe"),
        notificationName: "STRIPE",
        methods: [PaymentMethodDescription(name: "stripe", aliases: ["credit-cards"], paymentType: "STRIPE")],
        operations: [
            OperationDescription(
                .pay,
                body: ObjectSchema(fields: [
                    .amount, .optionalShopTransactionID,
                    .required("successRedirect", .url, "Where the buyer lands after success."),
                    .required("failureRedirect", .url, "Where the buyer lands after failure."),
                ]),
                reference: .shopTransactionIDOrCommandID, effect: .onceByKey),
            OperationDescription(
                .refund,
                body: ObjectSchema(fields: [
                    .required("paymentID", .identifier, "The session id that pay returned."),
                    .optional(
                        "amount", .amount(zeroAllowed: false), "Amount to give back; absent for all that is left."),
                    .optionalShopTransactionID,
                ]),
                reference: .paymentID, effect: .onceByKey),
            OperationDescription(.callback, reference: .callback, effect: .none),
            OperationDescription(.check, reference: .paymentID, effect: .none),
            OperationDescription(.status, reference: .paymentID, effect: .none),
        ],
        settings: [
            .optional("BASE_URL", .url, default: "https://api.stripe.com", "base URL of Stripe's API"),
            .required("PRIVATE_KEY", .secret, "Stripe's secret API key, sk_test_… or sk_live_…"),
            .required("WEBHOOK_SECRET", .secret, "signing secret of the webhook endpoint, whsec_…"),
            .optional("API_VERSION", .text, default: "2026-07-29.dahlia", "value of the header Stripe-Version"),
        ]
    )
}
