import Foundation
import HTTPTypes
import Providers
import Shared
import Testing

@testable import Ingress

/// The readable page says what the document says, and cannot do anything else.
@Suite
struct DocumentationPageTests {
    let document = OpenAPIDocument(providers: ProviderRegistry.all.map { $0.description }, requiresKey: true)

    @Test func thePageHasEveryRequestFieldAndErrorCode() throws {
        let html = DocumentationPage(document: document.value).html
        for endpoint in document.endpoints {
            #expect(html.contains("\(endpoint.method.rawValue) \(endpoint.path)<"), "\(endpoint.path)")
            for field in endpoint.call?.operation.body?.fields ?? [] {
                #expect(html.contains("<code>\(field.name)</code>"), "\(field.name)")
            }
        }
        #expect(html.contains("<td>Idempotency-Key</td><td>header</td>"))
        #expect(html.contains("<td>paymentId</td><td>query</td>"))
        for code in ErrorCode.allCases { #expect(html.contains("<code>\(code.rawValue)</code>")) }
    }

    @Test func thePageLoadsAndRunsNothing() throws {
        let html = DocumentationPage(document: document.value).html
        for forbidden in ["<script", "<link", "<img", "<iframe", " src=", "style=\"", "@import", "url("] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        let policy = DocumentationPage.contentSecurityPolicy
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(!policy.contains("unsafe"))
    }

    @Test func everyLinkWithinThePageHasItsTarget() throws {
        let html = DocumentationPage(document: document.value).html
        let links = html.matches(of: /href="#([^"]+)"/).map { String($0.1) }
        #expect(!links.isEmpty)
        for link in links { #expect(html.contains("id=\"\(link)\""), "\(link)") }
    }

    @Test func textFromTheDocumentCannotBecomeMarkup() {
        let hostile = "<script>alert('\"&`</td>`"
        let document: JSONValue = [
            "info": ["title": .string(hostile), "description": .string(hostile)], "tags": [["name": .string(hostile)]],
            "paths": [
                "/<b>": [
                    "get": [
                        "operationId": .string(hostile), "tags": [.string(hostile)], "summary": .string(hostile),
                        "parameters": [["name": .string(hostile), "description": .string(hostile)]],
                        "requestBody": [
                            "content": [
                                "application/json": [
                                    "schema": ["properties": ["<i>": ["enum": [.string(hostile)]]]],
                                    "examples": ["a": ["value": .string(hostile), "summary": .string(hostile)]],
                                ]
                            ]
                        ],
                        "responses": ["<u>": ["description": .string(hostile)]],
                    ]
                ]
            ],
        ]
        let html = DocumentationPage(document: document).html
        for markup in ["<script", "alert('", "<b>", "<i>", "<u>", "</td>`"] {
            #expect(!html.contains(markup), "\(markup)")
        }
    }
}
