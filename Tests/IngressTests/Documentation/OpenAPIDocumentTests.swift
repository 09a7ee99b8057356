import Foundation
import HTTPTypes
import Providers
import Shared
import Testing

@testable import Ingress

/// The document tells all that the route table, the descriptions and the models hold, and nothing that is not so.
@Suite
struct OpenAPIDocumentTests {
    static let descriptions = ProviderRegistry.all.map { $0.description }
    let maker = OpenAPIDocument(providers: descriptions, requiresKey: false)

    @Test func theDocumentIsStructurallyValid() {
        #expect(DocumentChecks.problems(in: maker.value) == [])
        let protected = OpenAPIDocument(providers: Self.descriptions, requiresKey: true)
        #expect(DocumentChecks.problems(in: protected.value) == [])
    }

    @Test func theStructuralChecksFindWhatIsWrong() throws {
        let broken: JSONValue = [
            "openapi": "3.1.0", "info": ["title": "t"],
            "paths": [
                "/a": [
                    "get": [
                        "operationId": "x",
                        "responses": ["200": ["content": ["application/json": ["schema": ["$ref": "#/nowhere"]]]]],
                    ],
                    "fetch": ["operationId": "x", "responses": [:]],
                ]
            ],
        ]
        let problems = DocumentChecks.problems(in: broken)
        for word in ["info.version", "#/nowhere", "fetch", "no description", "no response", "twice"] {
            #expect(problems.contains { $0.contains(word) }, "\(word) is not found among \(problems)")
        }
    }

    @Test func everyRouteOfEveryProviderIsThere() throws {
        let paths = try #require(maker.value["paths"]?.objectValue)
        var expected: Set<String> = []
        for pattern in RouteTable.patterns {
            for (method, target) in pattern.targets {
                guard case .operation(let operation) = target else {
                    expected.insert(method.rawValue + " " + pattern.label)
                    continue
                }
                for provider in Self.descriptions {
                    guard let supported = provider.operation(operation) else { continue }
                    let start = method.rawValue + " /" + provider.name.value + "/"
                    let methods = provider.methods.map(\.name).filter(supported.supports(method:))
                    let prefixes = operation.hasPaymentMethod ? methods.map { $0 + "/" } : [""]
                    expected.formUnion(prefixes.map { start + $0 + operation.rawValue })
                }
            }
        }
        let documented = paths.flatMap { path, methods in
            (methods.objectValue ?? [:]).keys.map { $0.uppercased() + " " + path }
        }
        #expect(Set(documented) == expected)
    }

    @Test func everyDocumentedPathIsRouted() throws {
        for endpoint in maker.endpoints {
            let match = try #require(RouteTable.match(path: endpoint.path), "\(endpoint.path) is not routed")
            #expect(match.pattern.targets.contains { $0.method == endpoint.method && $0.target == endpoint.target })
        }
    }

    @Test func everyFieldOfEveryBodyIsThereWithItsSummary() throws {
        for endpoint in maker.endpoints {
            guard let body = endpoint.call?.operation.body else { continue }
            let schema = try #require(
                operation(endpoint)["requestBody"]?["content"]?["application/json"]?["schema"])
            expectFields(of: body, in: schema, at: endpoint.path)
        }
    }

    private func expectFields(of body: ObjectSchema, in schema: JSONValue, at path: String) {
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        #expect(required == Set(body.fields.filter(\.isRequired).map(\.name)), "\(path)")
        #expect(schema["allOf"]?.arrayValue?.count ?? 0 == body.rules.count, "\(path)")
        for field in body.fields {
            let property = schema["properties"]?[field.name]
            #expect(property?["description"]?.stringValue == field.summary, "\(path) \(field.name)")
            guard let property else { continue }
            switch field.type {
            case .object(let inner): expectFields(of: inner, in: property, at: path + " " + field.name)
            case .array(.object(let inner), _):
                expectFields(of: inner, in: property["items"] ?? .null, at: path + " " + field.name)
            case .array(.variants(let variants), _):
                let shapes = property["items"]?["anyOf"]?.arrayValue ?? []
                #expect(shapes.map { $0["title"]?.stringValue } == variants.map(\.key))
                for (variant, shape) in zip(variants, shapes) {
                    expectFields(of: variant.schema, in: shape, at: path + " " + variant.key)
                }
            default: break
            }
        }
    }

    @Test func everyErrorCodeIsThereWithItsMeaning() throws {
        let code = try #require(
            maker.value["components"]?["schemas"]?["ErrorResponse"]?["properties"]?["code"])
        #expect(code["enum"]?.arrayValue == ErrorCode.allCases.map { .string($0.rawValue) })
        for each in ErrorCode.allCases {
            #expect(code["description"]?.stringValue?.contains("`\(each.rawValue)` (\(each.statusCode))") == true)
        }
    }

    @Test func everyFailureHasTheStatusOfItsCodes() throws {
        for endpoint in maker.endpoints {
            for (status, response) in operation(endpoint)["responses"]?.objectValue ?? [:] {
                let schema = response["content"]?["application/json"]?["schema"]
                let codes = schema?["allOf"]?.arrayValue?.last?["properties"]?["code"]?["enum"]?.arrayValue ?? []
                for code in codes.compactMap(\.stringValue) {
                    #expect(ErrorCode(rawValue: code)?.statusCode == Int(status), "\(endpoint.path) \(code)")
                }
                let isRetried = ["409", "429", "503"].contains(status) && !codes.isEmpty
                #expect((response["headers"]?["Retry-After"] != nil) == isRetried, "\(endpoint.path) \(status)")
                #expect(response["headers"]?["X-Request-Id"] != nil, "\(endpoint.path) \(status)")
            }
        }
    }

    @Test func everyBodyHasExamplesThatTheValidatorTakes() throws {
        for endpoint in maker.endpoints {
            guard let schema = endpoint.call?.operation.body else { continue }
            let examples = try #require(
                operation(endpoint)["requestBody"]?["content"]?["application/json"]?["examples"]?.objectValue)
            #expect(!examples.isEmpty, "\(endpoint.path)")
            for (name, example) in examples {
                let body = try #require(example["value"]?.objectValue)
                #expect(RequestValidator.issues(of: body, schema: schema) == [], "\(endpoint.path) \(name)")
            }
        }
    }

    @Test func callersShowAKeyExactlyWhereOneIsChecked() {
        let protected = OpenAPIDocument(providers: Self.descriptions, requiresKey: true)
        #expect(protected.value["components"]?["securitySchemes"]?["apiKey"]?["scheme"]?.stringValue == "bearer")
        #expect(maker.value["components"]?["securitySchemes"] == nil)
        for endpoint in protected.endpoints {
            let value = operation(endpoint, of: protected)
            let isChecked =
                switch endpoint.target {
                case .operation(let operation): operation != .callback
                default: endpoint.target == .paymentMethods
                }
            #expect((value["security"] != nil) == isChecked, "\(endpoint.path)")
            let unauthorized = value["responses"]?["401"]
            #expect((unauthorized != nil) == (isChecked || endpoint.target == .operation(.callback)))
            #expect(operation(endpoint)["security"] == nil)
        }
    }

    @Test func identifiersInQueriesHaveBothSpellings() throws {
        let queried = maker.endpoints.filter { endpoint in
            endpoint.target == .operation(.check) || endpoint.target == .operation(.status)
        }
        #expect(!queried.isEmpty)
        for endpoint in queried {
            let names = operation(endpoint)["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            #expect(
                Set(names ?? []) == ["paymentId", "paymentID", "shopTransactionId", "shopTransactionID"],
                "\(endpoint.path)")
        }
    }

    @Test func everyRequestWithABodyMayCarryAKeyAndOthersMayNot() throws {
        for endpoint in maker.endpoints {
            let value = operation(endpoint)
            let parameters = value["parameters"]?.arrayValue ?? []
            let header = parameters.first { $0["in"]?.stringValue == "header" }
            let taken = endpoint.call?.operation
            #expect((header?["name"]?.stringValue == "Idempotency-Key") == (taken?.body != nil), "\(endpoint.path)")
            let responses = value["responses"]
            #expect((responses?["409"] != nil) == (taken?.body != nil), "\(endpoint.path)")
            #expect((responses?["422"] != nil) == (taken?.body != nil), "\(endpoint.path)")
            for status in ["200", "404", "409", "422", "502", "504"] {
                guard let response = responses?[status] else { continue }
                let isRecorded = taken?.body != nil && ["200", "404"].contains(status)
                let headers = response["headers"]
                #expect((headers?["Idempotent-Replayed"] != nil) == isRecorded, "\(endpoint.path) \(status)")
            }
            let isPayment = [RouteTarget.operation(.pay), .operation(.payRecurrent)].contains(endpoint.target)
            let mismatch = responses?["422"]?["description"]?.stringValue?.contains("PAYMENT_MISMATCH") ?? false
            #expect(mismatch == isPayment, "\(endpoint.path)")
        }
    }

    @Test(arguments: ["k", "5f8f6c1e-refund-1", "a b", String(repeating: "~", count: 255)])
    func aDocumentedKeyIsTaken(key: String) throws {
        let schema = try #require(keySchema())
        #expect(try key.contains(Regex(try #require(schema["pattern"]?.stringValue))))
        #expect(try RequestIdentity(caller: "c", fields: [.idempotencyKey: key]).key == key)
        #expect(key.utf8.count <= schema["maxLength"]?.integerValue ?? 0)
    }

    @Test(arguments: ["", " ", "é", " k", "k "])
    func anotherKeyIsNotDocumented(key: String) throws {
        let pattern = try #require(keySchema()?["pattern"]?.stringValue)
        #expect(try !key.contains(Regex(pattern)))
    }

    private func keySchema() -> JSONValue? {
        let endpoint = maker.endpoints.first { $0.target == .operation(.refund) }
        return endpoint.flatMap { operation($0)["parameters"]?.arrayValue?.first?["schema"] }
    }

    @Test func aliasesAreMentioned() throws {
        for endpoint in maker.endpoints {
            let text = operation(endpoint)["description"]?.stringValue ?? ""
            let aliases =
                (endpoint.call?.paymentMethod?.aliases ?? []) + (endpoint.call?.provider.aliases ?? []).map(\.value)
            for alias in aliases { #expect(text.contains(alias), "\(endpoint.path)") }
        }
    }

    private func operation(_ endpoint: OpenAPIDocument.Endpoint, of document: OpenAPIDocument? = nil) -> JSONValue {
        (document ?? maker).value["paths"]?[endpoint.path]?[endpoint.method.rawValue.lowercased()] ?? .null
    }
}
