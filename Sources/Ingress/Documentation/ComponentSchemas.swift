import Shared

/// The schemas of answers and of the notification, by name.
enum ComponentSchemas {
    /// All of them.
    static let all: [String: JSONValue] = [
        "PaymentReply": paymentReply,
        "StatusReply": object(["status": status], required: ["status"]),
        "CheckReply": object(
            ["commandID": text("The stored command, also in the header X-Request-Id.")], required: ["commandID"]),
        "SessionOpenReply": object(
            outcome.merging([
                "sessionToken": optionalText("Names the session in later calls."),
                "orderId": optionalText("The provider's identifier of the order."),
            ]) { $1 }, required: ["result", "resultDescription"]),
        "SessionReply": object(
            outcome.merging(transaction) { $1 }, required: ["result", "resultDescription"]),
        "SessionCheckReply": object(
            ["status": status, "resultDescription": text("A text for people; may be empty.")]
                .merging(transaction) { $1 }, required: ["status"]),
        "ReadinessReport": object(
            [
                "status": ["type": "string", "enum": ["OK", "KO"]],
                "parts": [
                    "type": "object", "description": "Each part of the process.",
                    "additionalProperties": ["type": "string", "enum": ["OK", "KO"]],
                ],
            ], required: ["status", "parts"]),
        "CheckUpReport": object(
            [
                "status": ["type": "string", "enum": ["OK", "KO"]],
                "dependencies": [
                    "type": "object", "description": "Each dependency by name.",
                    "additionalProperties": ["$ref": "#/components/schemas/HealthState"],
                ],
            ], required: ["status", "dependencies"]),
        "HealthState": object(
            [
                "status": ["type": "string", "enum": ["UP", "DOWN"]],
                "details": [
                    "type": "object", "description": "Numbers that say more, by name.",
                    "additionalProperties": ["type": "integer"],
                ],
            ], required: ["status", "details"]),
        "ErrorResponse": errorResponse,
        "FieldIssue": object(
            [
                "field": text("Path of the field, a query parameter or a header."),
                "issue": text("What is wrong with it, never its value."),
            ], required: ["field", "issue"]),
        "Notification": notification,
    ]

    private static let status: JSONValue = [
        "type": "string", "enum": ["ACCEPTED", "FAILED", "PENDING"],
        "description": "ACCEPTED and FAILED are final; PENDING is not decided yet.",
    ]

    private static let outcome: [String: JSONValue] = [
        "result": [
            "type": "string", "enum": ["OK", "KO", "REDIRECT_TO_URL", "PENDING"],
            "description": "OK done; KO refused; REDIRECT_TO_URL the buyer goes on elsewhere; PENDING not finished.",
        ],
        "resultDescription": text("A text for people; its wording depends on the provider. May be empty."),
    ]

    private static let transaction: [String: JSONValue] = [
        "transactionId": optionalText("The provider's identifier of the transaction."),
        "authCode": optionalText("The authorisation code."),
    ]

    private static let paymentReply = object(
        outcome.merging([
            "paymentID": optionalText("The provider's identifier of the payment."),
            "redirectToUrl": optionalText("The page to send the buyer to."),
            "redirectToUrlMobile": optionalText("The URL that opens the provider's app."),
        ]) { $1 },
        required: ["result", "resultDescription", "paymentID", "redirectToUrl", "redirectToUrlMobile"])

    private static let errorResponse = object(
        [
            "statusCode": ["type": "integer", "description": "The HTTP status."],
            "error": text("The standard name of the status."),
            "code": [
                "type": "string", "enum": .strings(ErrorCode.allCases.map(\.rawValue)),
                "description": .string(
                    ErrorCode.allCases.map { "`\($0.rawValue)` (\($0.statusCode)): \($0.meaning)" }
                        .joined(separator: "\n\n")),
            ],
            "message": text("What was wrong and what was expected, for people."),
            "details": [
                "type": "array", "items": ["$ref": "#/components/schemas/FieldIssue"],
                "description": "All invalid fields at once, where the failure is about fields.",
            ],
            "requestId": text("Identifier of the request, also in the header X-Request-Id."),
            "commandID": text("The command whose outcome is unknown; message says how to repeat its request."),
            "repeatIsSafe": [
                "type": "boolean",
                "description": "Whether the same request again cannot have its effect twice.",
            ],
        ], required: ["statusCode", "error", "code", "message", "requestId"])

    private static let notification = object(
        [
            "providerName": text("The provider, in capitals."),
            "paymentType": text("The kind of payment, CREDITCARD for instance; UNKNOWN where it cannot be told."),
            "isSuccessful": ["type": "boolean", "description": "The outcome."],
            "resultDescription": text("A text for people."),
            "paymentID": text("The provider's identifier of the payment."),
            "shopTransactionID": text("The merchant's own identifier of the payment."),
            "methodToken": text("Token for later instalments, where there is one."),
            "recurrenceToken": text("The same as methodToken."),
            "ccInfo": ["description": "Information on the card, where the provider gives it."],
            "safeChargeData": ["description": "Data of SafeCharge transactions."],
        ],
        required: [
            "providerName", "paymentType", "isSuccessful", "resultDescription", "paymentID", "shopTransactionID",
        ])

    private static func object(_ properties: [String: JSONValue], required: [String]) -> JSONValue {
        ["type": "object", "properties": .object(properties), "required": .strings(required)]
    }

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static func optionalText(_ description: String) -> JSONValue {
        ["type": ["string", "null"], "description": .string(description)]
    }
}
