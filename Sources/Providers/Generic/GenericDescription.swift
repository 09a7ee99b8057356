import Shared

extension GenericProvider {
    /// The demonstration provider: two methods, every identifier accepted.
    public static let description = ProviderDescription(
        name: ProviderName("generic-provider"),
        notificationName: "generic-provider",
        methods: [
            PaymentMethodDescription(name: "credit-cards", paymentType: "CREDITCARD"),
            PaymentMethodDescription(name: "pay-pal", paymentType: "PAYPAL"),
        ],
        operations: [
            OperationDescription(
                .pay,
                body: ObjectSchema(fields: [
                    .amount, .shopTransactionID, .creditCardToken, .successRedirect, .failureRedirect,
                ]),
                reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(
                .refund,
                body: ObjectSchema(
                    fields: [
                        .amount, .optionalShopTransactionID,
                        .optional("paymentID", .identifier, "The provider's identifier of the payment."),
                    ],
                    rules: [.atLeastOne(["shopTransactionID", "paymentID"])]),
                reference: .either, effect: .onceByKey),
            OperationDescription(.callback, reference: .callback, effect: .none),
            OperationDescription(.check, reference: .either, effect: .none),
            OperationDescription(.status, reference: .either, effect: .none),
        ],
        settings: [
            .required("BASE_URL", .url, "base URL of the demonstration provider"),
            .required("API_KEY", .secret, "API key of the demonstration provider"),
            .required("CALLBACK_SECRET", .secret, "key with which the demonstration provider signs callbacks"),
            .optional("CALLBACK_METHOD", .text, default: "POST", "verb of callbacks, POST or GET"),
        ],
        isDemonstration: true, needsPublicURL: true
    )
}
