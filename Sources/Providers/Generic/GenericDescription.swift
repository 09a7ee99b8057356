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
                .payRecurrent,
                body: ObjectSchema(fields: [
                    .required("amount", .amount(zeroAllowed: true), "Amount in euros as a decimal string."),
                    .shopTransactionID, .creditCardToken, .successRedirect, .failureRedirect, .recurrenceDetails,
                    .optional("payPalDescription", .shortText, "Describes the plan of a first PayPal instalment."),
                ]),
                reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.payExpire, body: .expire, reference: .paymentID, effect: .onceByKey),
            OperationDescription(.payRecurrentExpire, body: .cancel, reference: .paymentID, effect: .onceByKey),
            OperationDescription(.confirm, body: .ofPayment, reference: .either, effect: .onceByKey),
            OperationDescription(.refund, body: .ofPayment, reference: .either, effect: .onceByKey),
            OperationDescription(.callback, reference: .callback, effect: .none),
            OperationDescription(.check, reference: .either, effect: .none),
            OperationDescription(.status, reference: .either, effect: .none),
            OperationDescription(
                .sessionOpen,
                body: ObjectSchema(
                    fields: FieldSchema.sessionMoney + [
                        .optional("userTokenId", .identifier, "The merchant's identifier of the buyer.")
                    ]),
                reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(
                .sessionConfirm, body: .ofSession, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.sessionVoid, body: .ofSession, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(.sessionRefund, body: .ofSession, reference: .shopTransactionID, effect: .onceByKey),
            OperationDescription(
                .sessionCheck,
                body: ObjectSchema(fields: [
                    .required("sessionToken", .opaqueToken, "The token that session/open returned.")
                ]),
                reference: .none, effect: .none),
        ],
        settings: [
            .required("BASE_URL", .url, "base URL of the demonstration provider"),
            .required("API_KEY", .secret, "API key of the demonstration provider"),
            .required("CALLBACK_SECRET", .secret, "key with which the demonstration provider signs callbacks"),
            .optional("CALLBACK_METHOD", .text, default: "POST", "verb of callbacks, POST or GET"),
            .optional(
                "RECOVERY", .choice(GenericRecovery.allCases.map(\.rawValue)), default: GenericRecovery.key.rawValue,
                "how lost calls are cleared up: repeated under their key, or looked up"),
        ],
        isDemonstration: true, needsPublicURL: true,
        callbackProof: .timedSignature(toleranceSeconds: callbackToleranceSeconds)
    )
}

extension ObjectSchema {
    /// Body of `confirm` and `refund`: a payment by either identifier.
    fileprivate static let ofPayment = ObjectSchema(
        fields: [
            .amount, .optionalShopTransactionID,
            .optional("paymentID", .identifier, "The provider's identifier of the payment."),
        ],
        rules: [.atLeastOne(["shopTransactionID", "paymentID"])])

    /// Body of what is done to the transaction of a session.
    fileprivate static let ofSession = ObjectSchema(
        fields: FieldSchema.sessionMoney + [
            .optional("transactionId", .identifier, "The provider's identifier of the transaction."),
            .optional("sessionToken", .opaqueToken, "The session, when the transaction is to be looked up."),
            .optional("authCode", .identifier, "Code of the authorisation."),
        ],
        rules: [.atLeastOne(["transactionId", "sessionToken"])])
}

extension FieldSchema {
    fileprivate static let sessionMoney: [FieldSchema] = [
        .required("amount", .amount(zeroAllowed: false), "Amount as a decimal string."),
        .required("currency", .string(length: 3...3, format: .currency), "The amount's currency, ISO 4217."),
        .shopTransactionID,
    ]

    fileprivate static let recurrenceDetails = FieldSchema.required(
        "recurrenceDetails",
        .object(
            ObjectSchema(fields: [
                .required("isFirstInstallment", .boolean, "Whether this is the plan's initial payment."),
                .optional("expiresOn", .string(length: 10...10, format: .date), "No payment after this day."),
                .optional("installmentAmount", .amount(zeroAllowed: true), "Amount of an instalment."),
                .optional("installmentFrequencyInDays", .integer(1...3650), "Days between two payments at least."),
                .optional("previousPaymentID", .identifier, "An earlier payment of the plan; for later instalments."),
                .optional(
                    "recurrenceToken", .opaqueToken,
                    "The methodToken of the first payment's notification; for later instalments."),
            ])),
        "The plan that this payment starts or goes on with.")
}
