import HTTPTypes
import Shared

/// Writes the requests that concern no provider.
struct ServiceOperations: Sendable {
    let requiresKey: Bool

    /// The operation object.
    func value(_ endpoint: OpenAPIDocument.Endpoint) -> JSONValue {
        switch endpoint.target {
        case .health:
            return operation(
                "health", "Process alive",
                ["200": DocumentedResponses.success("Alive.", schema: Self.health, example: ["status": "OK"])])
        case .readiness:
            let report: JSONValue = ["$ref": "#/components/schemas/ReadinessReport"]
            return operation(
                "readiness", "Ready for traffic",
                [
                    "200": DocumentedResponses.success("Ready.", schema: report),
                    "503": DocumentedResponses.success("Not ready; parts says what is missing.", schema: report),
                ])
        case .checkUp:
            let report: JSONValue = ["$ref": "#/components/schemas/CheckUpReport"]
            return operation(
                "checkUp", "State of each dependency",
                [
                    "200": DocumentedResponses.success("Ready.", schema: report),
                    "503": DocumentedResponses.success("Not ready; a needed dependency is down.", schema: report),
                ])
        case .metrics:
            let text = DocumentedResponses.success(
                "Metrics in Prometheus' text format 0.0.4.", schema: ["type": "string"], mediaType: "text/plain")
            return operation("metrics", "Metrics", ["200": text])
        case .paymentMethods:
            let names: JSONValue = ["type": "array", "items": ["type": "string"]]
            var responses = DocumentedResponses.failures(requiresKey ? [.unauthorized] : [])
            responses["200"] = DocumentedResponses.success(
                "Names of payment methods.", schema: names, example: ["credit-cards", "pay-pal"])
            return operation("paymentMethods", "Payment methods", responses, isProtected: requiresKey)
        case .documentationPage:
            let page = DocumentedResponses.success(
                "This API for people.", schema: ["type": "string"], mediaType: "text/html")
            return operation("documentation", "Readable documentation", ["200": page])
        case .openAPIDocument:
            let document = DocumentedResponses.success("This document.", schema: ["type": "object"])
            return operation("openapi", "OpenAPI document", ["200": document])
        case .operation:
            // Operations belong to a provider; without one there is nothing to say.
            return [:]
        }
    }

    private func operation(
        _ identifier: String, _ summary: String, _ responses: [String: JSONValue], isProtected: Bool = false
    ) -> JSONValue {
        var value: [String: JSONValue] = [
            "operationId": .string(identifier), "tags": ["service"], "summary": .string(summary),
            "responses": .object(responses),
        ]
        if isProtected { value["security"] = [["apiKey": []]] }
        return .object(value)
    }

    private static let health: JSONValue = [
        "type": "object", "properties": ["status": ["type": "string", "enum": ["OK"]]], "required": ["status"],
    ]
}
