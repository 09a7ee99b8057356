import HTTPTypes
import Providers
import Shared

/// The OpenAPI 3.1 document, made from the route table, the providers' descriptions and the models.
struct OpenAPIDocument: Sendable {
    /// The providers that are described.
    let providers: [ProviderDescription]
    /// Whether callers must show an API key.
    let requiresKey: Bool

    /// One request of the API, with concrete names where the pattern has a provider and a payment method.
    struct Endpoint: Sendable {
        let path: String
        let method: HTTPRequest.Method
        let target: RouteTarget
        var call: Call?
    }

    /// A provider's operation.
    struct Call: Sendable {
        let provider: ProviderDescription
        let operation: OperationDescription
        let paymentMethod: PaymentMethodDescription?
    }

    /// The whole document.
    var value: JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for endpoint in endpoints {
            paths[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] = operation(endpoint)
        }
        var components: [String: JSONValue] = [
            "schemas": .object(ComponentSchemas.all), "headers": Self.headers,
        ]
        if requiresKey {
            components["securitySchemes"] = [
                "apiKey": ["type": "http", "scheme": "bearer", "description": "One of the keys in PGM_API_KEYS."]
            ]
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Payment Gateway Manager", "version": "2.9.0", "description": .string(Self.introduction),
                "license": ["name": "Apache 2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(tags),
            "paths": .object(paths.mapValues { .object($0) }),
            "webhooks": ["notification": ["post": Self.notification]],
            "components": .object(components),
        ]
    }

    /// Every request that is possible here, in the route table's order.
    var endpoints: [Endpoint] {
        RouteTable.patterns.flatMap { pattern in
            pattern.targets.flatMap { method, target in
                guard case .operation(let operation) = target else {
                    return [Endpoint(path: pattern.label, method: method, target: target)]
                }
                return calls(of: operation).map { call in
                    Endpoint(path: path(pattern, call), method: method, target: target, call: call)
                }
            }
        }
    }

    private func calls(of operation: Operation) -> [Call] {
        providers.sorted { $0.name.value < $1.name.value }.flatMap { provider -> [Call] in
            guard let supported = provider.operation(operation) else { return [] }
            guard operation.hasPaymentMethod else {
                return [Call(provider: provider, operation: supported, paymentMethod: nil)]
            }
            return provider.methods.filter { supported.supports(method: $0.name) }.map {
                Call(provider: provider, operation: supported, paymentMethod: $0)
            }
        }
    }

    private func path(_ pattern: RoutePattern, _ call: Call) -> String {
        pattern.segments.map { segment in
            switch segment {
            case .literal(let word): "/" + word
            case .provider: "/" + call.provider.name.value
            case .paymentMethod: "/" + (call.paymentMethod?.name ?? "")
            }
        }.joined()
    }

    private var tags: [JSONValue] {
        let named: [JSONValue] = providers.map(\.name.value).sorted().map { name in
            ["name": .string(name), "description": .string("Operations of \(name).")]
        }
        return named + [["name": "service", "description": "The service itself."]]
    }

    private func operation(_ endpoint: Endpoint) -> JSONValue {
        guard let call = endpoint.call else { return ServiceOperations(requiresKey: requiresKey).value(endpoint) }
        return ProviderOperation(call: call, method: endpoint.method, requiresKey: requiresKey).value
    }

    private static let introduction = """
        One API in front of many payment providers. Amounts are decimal strings such as "5.00", never JSON numbers. \
        Fields that are not listed are ignored, and null is the same as absent. A payment that the provider refuses is \
        no error: it answers 200 with result KO.

        Every failure answers an ErrorResponse. On any path: 404 `UNKNOWN_ROUTE`, `UNKNOWN_PROVIDER`, \
        `PROVIDER_NOT_ENABLED` or `UNKNOWN_PAYMENT_METHOD` where the path names nothing that is there; 405 \
        `METHOD_NOT_ALLOWED` with the header `Allow`; 501 `OPERATION_NOT_SUPPORTED` where the provider lacks the \
        operation, with the providers that have it.

        A request with a body may carry the header `\(IdempotencyHeaderName.key)`, with a value of its own. The same \
        request again with the same key, by the same caller (the API key; without keys, the address), to the same \
        operation and about the same payment, is not executed again: it waits for the first one, or gets its recorded \
        answer with the header `\(IdempotencyHeaderName.replayed)`, for 24 hours. A 5xx is not recorded: a repeat \
        first finds out what became of the first one, and executes only what provably was not. With another body or \
        payment method it is 422 `IDEMPOTENCY_KEY_REUSED`; when the first one is still running at the deadline, 409 \
        `REQUEST_STILL_RUNNING`. A request that was sent without the header is repeated with its `commandID`, which is \
        also its X-Request-Id, as the key; one that was sent with a key, with that key.

        `pay` and `pay/recurrent` with a `shopTransactionID` are recognised without the header too: a repeat while the \
        payment is under way or after it succeeded gets the first answer, and with another amount, method, operation \
        or products 422 `PAYMENT_MISMATCH`.
        """

    private static let headers: JSONValue = [
        "RequestId": [
            "description": "Identifier of the request; also the command's.", "required": true,
            "schema": ["type": "string", "minLength": 1],
        ],
        "RetryAfter": [
            "description": "Seconds to wait before the same request is sent again.", "required": true,
            "schema": ["type": "integer", "minimum": 1],
        ],
        "Allow": [
            "description": "The HTTP methods of the path, by commas.", "required": true,
            "schema": ["type": "string"],
        ],
        "IdempotentReplayed": [
            "description": "true on an answer that was recorded earlier and is given again.",
            "schema": ["type": "string", "enum": ["true"]],
        ],
    ]

    private static let notification: JSONValue = [
        "summary": "Final outcome of a payment",
        "description": .string(
            "Sent to PAYMENT_CALLBACK_URL, again and again until the answer is a 2xx; signed by the headers "
                + "webhook-id, webhook-timestamp and webhook-signature when a secret is configured."),
        "operationId": "notification",
        "tags": ["service"],
        "requestBody": [
            "required": true,
            "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Notification"]]],
        ],
        "responses": ["2XX": ["description": "Accepted; any other answer is delivered again."]],
    ]
}
