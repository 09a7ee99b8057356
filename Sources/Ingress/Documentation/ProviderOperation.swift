import HTTPTypes
import Providers
import Shared

/// Writes one operation of a provider.
struct ProviderOperation: Sendable {
    let call: OpenAPIDocument.Call
    let method: HTTPRequest.Method
    let requiresKey: Bool

    private var operation: OperationDescription { call.operation }

    /// The operation object.
    var value: JSONValue {
        let texts = OperationTexts(operation.operation)
        var value: [String: JSONValue] = [
            "operationId": .string(identifier), "tags": [.string(call.provider.name.value)],
            "summary": .string(texts.summary), "description": .string(description(texts)),
        ]
        let errors = OperationTexts.errors(of: operation, requiresKey: requiresKey)
        var responses = DocumentedResponses.failures(errors, takesKey: operation.body != nil)
        responses[String(texts.replyStatus)] = reply(texts)
        value["responses"] = .object(responses)
        if operation.operation == .callback {
            if method != .get { value["requestBody"] = Self.callbackBody }
        } else {
            if requiresKey { value["security"] = [["apiKey": []]] }
            value["parameters"] = operation.body == nil ? .array(identifiers) : [idempotencyKey]
            value["requestBody"] = requestBody
        }
        return .object(value)
    }

    private var identifier: String {
        let parts = [call.provider.name.value, call.paymentMethod?.name].compactMap { $0 }
        let name = (parts + operation.operation.rawValue.split(separator: "/").map(String.init)).joined(separator: ".")
        return operation.operation == .callback ? name + "." + method.rawValue.lowercased() : name
    }

    private func description(_ texts: OperationTexts) -> String {
        var sentences = [texts.description]
        let providers = call.provider.aliases.map(\.value)
        if !providers.isEmpty {
            sentences.append("The provider is also called \(providers.joined(separator: ", ")) in paths.")
        }
        if let aliases = call.paymentMethod?.aliases, !aliases.isEmpty {
            sentences.append("The payment method is also called \(aliases.joined(separator: ", ")) in paths.")
        }
        switch operation.reference {
        case .paymentID where operation.body == nil: sentences.append("paymentId is required, in either spelling.")
        case .shopTransactionID where operation.body == nil:
            sentences.append("shopTransactionId is required, in either spelling.")
        case .either where operation.body == nil:
            sentences.append("One of paymentId and shopTransactionId is required, in either spelling.")
        case .shopTransactionIDOrCommandID:
            sentences.append(
                "Without shopTransactionID the value of X-Request-Id takes its place, or, so that a repeat names the "
                    + "same payment, one that is made from \(IdempotencyHeaderName.key).")
        default: break
        }
        return sentences.joined(separator: " ")
    }

    private func reply(_ texts: OperationTexts) -> JSONValue {
        guard let name = texts.reply else { return DocumentedResponses.success(texts.replyDescription) }
        return DocumentedResponses.success(
            texts.replyDescription, schema: ["$ref": .string("#/components/schemas/" + name)],
            example: Self.replyExamples[name],
            headers: operation.body == nil ? [:] : DocumentedResponses.replayed)
    }

    private var requestBody: JSONValue? {
        guard let schema = operation.body else { return nil }
        var examples: [String: JSONValue] = [:]
        for (name, body) in RequestExamples.examples(of: operation) {
            let key = name.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).joined(separator: "-")
            examples[key] = ["summary": .string(name), "value": body]
        }
        return [
            "required": true,
            "content": ["application/json": ["schema": JSONSchema.object(schema), "examples": .object(examples)]],
        ]
    }

    /// Both spellings of both identifiers: which one is needed is the description's to say.
    private var identifiers: [JSONValue] {
        let names: [(String, String)] = [
            ("paymentId", "The provider's identifier of the payment."), ("paymentID", "The same as paymentId."),
            ("shopTransactionId", "The merchant's own identifier of the payment."),
            ("shopTransactionID", "The same as shopTransactionId."),
        ]
        // An empty value is as good as none.
        let schema = JSONSchema.type(.identifier).merging(["minLength": 0]) { $1 }
        return names.map { name, description in
            [
                "name": .string(name), "in": "query", "required": false, "description": .string(description),
                "schema": .object(schema),
            ]
        }
    }

    /// A key without spaces at its ends: HTTP takes them off.
    private var idempotencyKey: JSONValue {
        let meaning = "Makes a repeat safe: see the beginning of this document."
        return [
            "name": .string(IdempotencyHeaderName.key), "in": "header", "required": false,
            "description": .string("1 to \(RequestIdentity.keyLengthMax) printable ASCII characters. " + meaning),
            "schema": [
                "type": "string", "minLength": 1, "maxLength": .integer(Int64(RequestIdentity.keyLengthMax)),
                "pattern": "^[!-~]([ -~]*[!-~])?$", "examples": ["5f8f6c1e-refund-1"],
            ],
        ]
    }

    private static let callbackBody: JSONValue = [
        "description": "As the provider sends and signs it.",
        "content": ["application/json": ["schema": [:]]],
    ]

    private static let replyExamples: [String: JSONValue] = [
        "PaymentReply": [
            "result": "REDIRECT_TO_URL", "resultDescription": "Transaction pending insertion of 3DS code",
            "paymentID": "payment-123456789", "redirectToUrl": "https://provider-redirect-url.com",
            "redirectToUrlMobile": .null,
        ],
        "StatusReply": ["status": "ACCEPTED"],
        "CheckReply": ["commandID": "01JZ0000000000000000000000"],
    ]
}
