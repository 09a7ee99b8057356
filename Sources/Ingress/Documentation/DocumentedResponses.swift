import HTTPTypes
import Shared

/// Writes the answers of an operation.
enum DocumentedResponses {
    private static let requestID: [String: JSONValue] = [
        HTTPField.Name.requestIDText: ["$ref": "#/components/headers/RequestId"]
    ]

    /// An answer that is no failure; without a schema it is empty.
    static func success(
        _ description: String, schema: JSONValue? = nil, mediaType: String = "application/json",
        example: JSONValue? = nil, headers: [String: JSONValue] = [:]
    ) -> JSONValue {
        var response: [String: JSONValue] = [
            "description": .string(description), "headers": .object(requestID.merging(headers) { $1 }),
        ]
        if let schema {
            var media: [String: JSONValue] = ["schema": schema]
            media["example"] = example
            response["content"] = .object([mediaType: .object(media)])
        }
        return .object(response)
    }

    /// What an answer has that may be a recorded one.
    static let replayed: [String: JSONValue] = [
        IdempotencyHeaderName.replayed: ["$ref": "#/components/headers/IdempotentReplayed"]
    ]

    /// What a provider says and will say again, which is recorded like a success.
    private static let recorded: Set<ErrorCode> = [.unknownTransaction]
    private static let retried: Set<Int> = [409, 429, 503]

    /// Failures by status, each with the codes that it can carry.
    /// - Parameter takesKey: Whether the request can carry an idempotency key, and so get a recorded answer.
    static func failures(_ codes: [ErrorCode], takesKey: Bool = false) -> [String: JSONValue] {
        let parameterIssue =
            takesKey
            ? FieldIssue(field: IdempotencyHeaderName.key, issue: RequestIdentity.keyExpectation)
            : FieldIssue(field: "paymentId", issue: "is required")
        return Dictionary(grouping: Set(codes), by: \.statusCode).reduce(into: [:]) { responses, entry in
            let codes = entry.value.sorted { $0.rawValue < $1.rawValue }
            var headers = requestID
            if retried.contains(entry.key) { headers["Retry-After"] = ["$ref": "#/components/headers/RetryAfter"] }
            if takesKey, !recorded.isDisjoint(with: codes) { headers.merge(replayed) { $1 } }
            responses[String(entry.key)] = failure(entry.key, codes, headers, parameterIssue)
        }
    }

    private static func failure(
        _ status: Int, _ codes: [ErrorCode], _ headers: [String: JSONValue], _ parameterIssue: FieldIssue
    ) -> JSONValue {
        let examples = codes.map { code in
            (code.rawValue, JSONValue.object(["value": example(code, parameterIssue)]))
        }
        let narrowed: JSONValue = [
            "type": "object",
            "properties": [
                "statusCode": ["const": .integer(Int64(status))], "code": ["enum": .strings(codes.map(\.rawValue))],
            ],
        ]
        return [
            "description": .string(codes.map { "`\($0.rawValue)`: \($0.meaning)" }.joined(separator: "\n\n")),
            "headers": .object(headers),
            "content": [
                "application/json": [
                    "schema": ["allOf": [["$ref": "#/components/schemas/ErrorResponse"], narrowed]],
                    "examples": .object(Dictionary(examples, uniquingKeysWith: { $1 })),
                ]
            ],
        ]
    }

    private static func example(_ code: ErrorCode, _ parameterIssue: FieldIssue) -> JSONValue {
        var members: [String: JSONValue] = [
            "statusCode": .integer(Int64(code.statusCode)), "error": .string(code.statusText),
            "code": .string(code.rawValue), "message": .string(code.meaning),
            "requestId": "01JZ0000000000000000000000",
        ]
        switch code {
        case .invalidField:
            let issue = "must be a decimal string such as \"5.00\""
            members["message"] = .string("amount: " + issue)
            members["details"] = [["field": "amount", "issue": .string(issue)]]
        case .invalidParameter:
            let (field, issue) = (parameterIssue.field, parameterIssue.issue)
            members["message"] = .string(field + ": " + issue)
            members["details"] = [["field": .string(field), "issue": .string(issue)]]
        case .outcomeUnknown:
            members["commandID"] = "01JZ0000000000000000000000"
            members["repeatIsSafe"] = false
        default: break
        }
        return .object(members)
    }
}
