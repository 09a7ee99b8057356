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

    /// Failures by status, each with the codes that it can carry.
    static func failures(_ codes: [ErrorCode]) -> [String: JSONValue] {
        Dictionary(grouping: Set(codes), by: \.statusCode).reduce(into: [:]) { responses, entry in
            let codes = entry.value.sorted { $0.rawValue < $1.rawValue }
            responses[String(entry.key)] = failure(entry.key, codes)
        }
    }

    private static func failure(_ status: Int, _ codes: [ErrorCode]) -> JSONValue {
        var headers = requestID
        if status == 429 || status == 503 { headers["Retry-After"] = ["$ref": "#/components/headers/RetryAfter"] }
        let examples = codes.map { code in (code.rawValue, JSONValue.object(["value": example(code)])) }
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

    private static func example(_ code: ErrorCode) -> JSONValue {
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
            let issue = "is required"
            members["message"] = .string("paymentId: " + issue)
            members["details"] = [["field": "paymentId", "issue": .string(issue)]]
        case .outcomeUnknown:
            members["commandID"] = "01JZ0000000000000000000000"
            members["repeatIsSafe"] = false
        default: break
        }
        return .object(members)
    }
}
