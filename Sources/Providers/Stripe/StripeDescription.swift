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
                body: ObjectSchema(
                    fields: redirects + [.optionalAmount(zeroAllowed: false), .products(isRecurrent: false)],
                    rules: [.exactlyOne(["amount", "products"])]),
                reference: .shopTransactionIDOrCommandID, effect: .onceByKey),
            OperationDescription(
                .payRecurrent,
                body: ObjectSchema(
                    fields: redirects + [
                        .optionalAmount(zeroAllowed: true), .interval(isRequired: false), .intervalCount,
                        .products(isRecurrent: true),
                    ],
                    rules: [
                        .exactlyOne(["amount", "products"]), .required("interval", with: "amount"),
                        .same("interval", inAll: "products", absence: nil, except: "priceId"),
                        .same("intervalCount", inAll: "products", absence: .integer(1), except: "priceId"),
                    ]),
                reference: .shopTransactionIDOrCommandID, effect: .onceByKey),
            OperationDescription(.payExpire, body: .expire, reference: .paymentID, effect: .onceByKey),
            OperationDescription(.payRecurrentExpire, body: .cancel, reference: .paymentID, effect: .onceByKey),
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
        ],
        callbackProof: .timedSignature(toleranceSeconds: webhookToleranceSeconds)
    )

    private static let redirects: [FieldSchema] = [
        .optionalShopTransactionID,
        .required("successRedirect", .url, "Where the buyer lands after success."),
        .required("failureRedirect", .url, "Where the buyer lands after failure."),
    ]
}

/// Fields of what a buyer is to pay.
extension FieldSchema {
    /// Line items of one session at most.
    static let lineItemsMax = (payment: 100, subscription: 20)

    fileprivate static func optionalAmount(zeroAllowed: Bool) -> FieldSchema {
        .optional(
            "amount", .amount(zeroAllowed: zeroAllowed), "Amount in euros as a decimal string; this or products.")
    }

    fileprivate static func products(isRecurrent: Bool) -> FieldSchema {
        let quantity = FieldSchema.required("quantity", .integer(1...999_999), "How many.")
        let unitAmount = FieldSchema.required(
            "unitAmount", .amount(zeroAllowed: isRecurrent), "Amount of one in euros as a decimal string.")
        let billing: [FieldSchema] = isRecurrent ? [.interval(isRequired: true), .intervalCount] : []
        let identifier = FieldType.string(length: 1...255, format: .printableASCII)
        let variants = [
            ObjectVariant(key: "priceId", [.required("priceId", identifier, "A Price of the account."), quantity]),
            ObjectVariant(
                key: "productId",
                [.required("productId", identifier, "A Product of the account."), unitAmount, quantity] + billing),
            ObjectVariant(
                key: "productName",
                [.required("productName", .shortText, "Name that the buyer reads."), unitAmount, quantity] + billing),
        ]
        let countMax = isRecurrent ? lineItemsMax.subscription : lineItemsMax.payment
        return .optional(
            "products", .array(of: .variants(variants), count: 1...countMax), "What is bought; this or amount.")
    }

    fileprivate static func interval(isRequired: Bool) -> FieldSchema {
        let type = FieldType.enumeration(["day", "week", "month", "year"])
        let summary = "Billing unit; beside amount, or in each product that is no priceId."
        return isRequired ? .required("interval", type, summary) : .optional("interval", type, summary)
    }

    fileprivate static let intervalCount = FieldSchema.optional(
        "intervalCount", .integer(1...1095), "Billed every so many intervals, 1 when absent; three years at most.")
}
