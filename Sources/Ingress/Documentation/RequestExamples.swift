import Providers
import Shared

/// Example bodies: each is shown with every operation whose schema takes all of it.
enum RequestExamples {
    /// One example body.
    struct Example: Sendable {
        let name: String
        let operations: Set<Operation>
        let body: JSONValue
    }

    /// Examples that an operation takes, each with all of its fields known; without any, one made from the schema.
    static func examples(of operation: OperationDescription) -> [(name: String, body: JSONValue)] {
        guard let schema = operation.body else { return [] }
        let fitting = all.filter { example in
            guard example.operations.contains(operation.operation), let body = example.body.objectValue else {
                return false
            }
            let known = Set(schema.fields.map(\.name))
            return known.isSuperset(of: body.keys) && RequestValidator.issues(of: body, schema: schema).isEmpty
        }
        if fitting.isEmpty { return [("Smallest request", .object(ExampleMaker.object(schema)))] }
        return fitting.map { ($0.name, $0.body) }
    }

    private static let all: [Example] = payments + recurrence + followUps + sessions

    private static let payments = [
        Example(
            name: "Payment with a card token", operations: [.pay],
            body: ["amount": "5.00", "shopTransactionID": "123456789", "creditCardToken": "47FKMUVK9PPK2026"]),
        Example(
            name: "Payment", operations: [.pay], body: ["amount": "5.00", "shopTransactionID": "123456789"]),
        Example(
            name: "Payment with redirects", operations: [.pay],
            body: [
                "amount": "7.50", "shopTransactionID": "order-77", "successRedirect": "https://example.com/ok",
                "failureRedirect": "https://example.com/ko",
            ]),
        Example(
            name: "Products", operations: [.pay],
            body: [
                "successRedirect": "https://example.com/ok", "failureRedirect": "https://example.com/ko",
                "products": [
                    ["priceId": "price_test", "quantity": 1],
                    ["productId": "prod_extra", "unitAmount": "2.50", "quantity": 2],
                    ["productName": "Postage", "unitAmount": "4.90", "quantity": 1],
                ],
            ]),
        Example(
            name: "Payment through the wallet's page", operations: [.pay],
            body: [
                "amount": "5.00", "shopTransactionID": "123456789",
                "brainTreeDataRequest": [
                    "nonce": "nonce-from-the-sdk", "deviceData": "{}", "customerId": "the_customer_id",
                    "storeInVault": true, "vaulted": false,
                ],
            ]),
    ]

    private static let recurrence = [
        Example(
            name: "First card instalment", operations: [.payRecurrent],
            body: [
                "amount": "2", "creditCardToken": "TOKEN-5340971", "shopTransactionID": "plan-77-first",
                "recurrenceDetails": [
                    "isFirstInstallment": true, "expiresOn": "2030-07-01", "installmentAmount": "2",
                    "installmentFrequencyInDays": 7,
                ],
            ]),
        Example(
            name: "Later card instalment", operations: [.payRecurrent],
            body: [
                "amount": "2", "creditCardToken": "TOKEN-5340971", "shopTransactionID": "plan-77-second",
                "recurrenceDetails": ["isFirstInstallment": false, "previousPaymentID": "3289454367809"],
            ]),
        Example(
            name: "First PayPal instalment", operations: [.payRecurrent],
            body: [
                "amount": "0.05", "payPalDescription": "Season ticket", "shopTransactionID": "plan-78-first",
                "recurrenceDetails": ["isFirstInstallment": true],
            ]),
        Example(
            name: "Later PayPal instalment", operations: [.payRecurrent],
            body: [
                "amount": "0.05", "shopTransactionID": "plan-78-second",
                "recurrenceDetails": ["isFirstInstallment": false, "recurrenceToken": "PAYPAL-TOKEN"],
            ]),
        Example(
            name: "Subscription of products", operations: [.payRecurrent],
            body: [
                "successRedirect": "https://example.com/ok", "failureRedirect": "https://example.com/ko",
                "products": [
                    [
                        "quantity": 1, "unitAmount": "7.50", "productName": "gold-plan", "interval": "month",
                        "intervalCount": 1,
                    ],
                    [
                        "quantity": 1, "unitAmount": "2.50", "productId": "prod_extra", "interval": "month",
                        "intervalCount": 1,
                    ],
                ],
            ]),
        Example(
            name: "Subscription of an amount", operations: [.payRecurrent],
            body: [
                "amount": "9.90", "interval": "month", "successRedirect": "https://example.com/ok",
                "failureRedirect": "https://example.com/ko",
            ]),
    ]

    private static let followUps = [
        Example(
            name: "By the provider's identifier", operations: [.payExpire], body: ["paymentID": "payment-123456789"]),
        Example(
            name: "Now", operations: [.payRecurrentExpire],
            body: ["paymentID": "payment-123456789", "cancelType": "now"]),
        Example(
            name: "At the end of the period", operations: [.payRecurrentExpire],
            body: ["paymentID": "payment-123456789", "cancelType": "endOfPeriod"]),
        Example(
            name: "On a day", operations: [.payRecurrentExpire],
            body: ["paymentID": "payment-123456789", "cancelType": "atDay", "cancelTime": "31/12/2030"]),
        Example(
            name: "By the merchant's identifier", operations: [.confirm, .refund],
            body: ["shopTransactionID": "123456789", "amount": "5.00"]),
        Example(
            name: "Part, by the provider's identifier", operations: [.refund],
            body: ["paymentID": "payment-123456789", "amount": "2.00"]),
        Example(
            name: "All that is left", operations: [.refund], body: ["paymentID": "payment-123456789"]),
    ]

    private static let sessions = [
        Example(
            name: "Session", operations: [.sessionOpen],
            body: ["amount": "5.00", "currency": "EUR", "shopTransactionID": "123456789"]),
        Example(
            name: "By session token", operations: [.sessionConfirm, .sessionVoid, .sessionRefund],
            body: [
                "amount": "5.00", "currency": "EUR", "shopTransactionID": "123456789", "sessionToken": "session-1",
            ]),
        Example(
            name: "By transaction", operations: [.sessionConfirm, .sessionVoid, .sessionRefund],
            body: [
                "amount": "5.00", "currency": "EUR", "shopTransactionID": "123456789",
                "transactionId": "transaction-1",
            ]),
        Example(name: "By session token", operations: [.sessionCheck], body: ["sessionToken": "session-1"]),
    ]
}
