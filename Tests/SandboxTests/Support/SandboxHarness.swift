import AsyncHTTPClient
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import Sandbox

/// An answer read completely.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; null when it is none.
    var json: JSONValue { JSONParser.parse(body) ?? .null }

    /// The value under a path such as `error.code` or `data.0.id`.
    subscript(path: String) -> JSONValue? {
        path.split(separator: ".").reduce(Optional(json)) { value, part in
            if let index = Int(part), let elements = value?.elements {
                return elements.indices.contains(index) ? elements[index] : nil
            }
            return value?[String(part)]
        }
    }
}

/// A sandbox on a loopback port, with a collector of webhooks on another.
struct SandboxHarness: Sendable {
    static let stripe = "/-/sandbox/stripe"
    static let generic = "/-/sandbox/generic-provider"
    static let merchant = "/-/merchant"

    let port: Int
    let collector: WebhookCollector
    let collectorURL: String

    private struct Context: InitializableFromSource {
        let channel: any Channel
        let logger: Logger

        init(source: ApplicationRequestContextSource) {
            channel = source.channel
            logger = source.logger
        }

        var source: ApplicationRequestContextSource { .init(channel: channel, logger: logger) }
    }

    static func run(
        configure change: @Sendable (inout SandboxConfiguration) -> Void = { _ in },
        now: @escaping @Sendable () -> Date = { Date() },
        _ body: @Sendable (SandboxHarness) async throws -> Void
    ) async throws {
        var logger = Logger(label: "sandbox-tests")
        logger.logLevel = .critical
        let quiet = logger
        let collector = WebhookCollector()
        let loopback = ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0))
        let collectorApplication = Application(
            responder: CallbackResponder<Context> { request, _ in try await collector.accept(request) },
            configuration: loopback, logger: quiet)
        try await collectorApplication.test(.live) { collectorClient in
            let collectorPort = try #require(collectorClient.port)
            let collectorURL = "http://127.0.0.1:\(collectorPort)/hook"
            var configuration = SandboxConfiguration(publicBaseURL: "http://sandbox.test")
            configuration.providerSettings["stripe"] = ["webhookURL": collectorURL]
            change(&configuration)
            let sandbox = Sandbox(
                configuration: configuration, httpClient: HTTPClient.shared, logger: quiet, now: now)
            let application = Application(
                responder: CallbackResponder<Context> { request, context in
                    guard sandbox.handles(path: request.uri.path) else { return Response(status: .notFound) }
                    return try await sandbox.respond(to: request, source: context.source)
                },
                configuration: loopback, services: [sandbox], logger: quiet)
            try await application.test(.live) { client in
                let port = try #require(client.port)
                try await body(SandboxHarness(port: port, collector: collector, collectorURL: collectorURL))
            }
        }
    }

    /// Sends one request on a connection from the pool; throws when no answer came.
    func send(
        _ method: HTTPMethod, _ path: String, headers: [String: String] = [:], body: String = "",
        timeout: TimeAmount = .seconds(10)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: timeout)
        let content = try await response.body.collect(upTo: 1 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Array(content.readableBytesView))
    }

    func fault(_ provider: String, _ json: String) async throws {
        let answer = try await send(.POST, "\(provider)/__faults", body: json)
        try #require(answer.status == 201)
    }

    /// Waits until the only fault of a provider was used up; fails after ten seconds.
    func untilFaultStruck(_ provider: String) async throws {
        let hasStruck = try await eventually(within: .seconds(10)) {
            try await send(.GET, "\(provider)/__faults")["faults"] == []
        }
        #expect(hasStruck, "the fault never struck")
    }

    // MARK: Stripe

    func stripe(
        _ method: HTTPMethod, _ path: String, _ form: String = "", key: String? = nil,
        without missing: String? = nil, with changed: [String: String] = [:]
    ) async throws -> Answer {
        var headers = ["Authorization": "Bearer sk_test_sandbox", "Stripe-Version": "2026-07-29.dahlia"]
        if method == .POST { headers["Content-Type"] = "application/x-www-form-urlencoded" }
        if let key { headers["Idempotency-Key"] = key }
        headers.merge(changed) { $1 }
        if let missing { headers[missing] = nil }
        return try await send(method, Self.stripe + path, headers: headers, body: form)
    }

    /// Creates a session from the example of the reference page and returns its id.
    func stripeSession(_ reference: String = "ORDER-42", more: String = "") async throws -> String {
        let answer = try await stripe(
            .POST, "/v1/checkout/sessions", StripeExamples.payment(reference) + more, key: UUID().uuidString)
        try #require(answer.status == 200)
        return try #require(answer["id"]?.text)
    }

    /// Creates and completes a session and returns the session's id and its PaymentIntent's.
    func paidStripeSession(_ reference: String = "ORDER-42") async throws -> (session: String, intent: String) {
        let id = try await stripeSession(reference)
        try #require(try await press(Self.stripe, id, "pay").status == 303)
        let session = try await stripe(.GET, "/v1/checkout/sessions/\(id)")
        return (id, try #require(session["payment_intent"]?.text))
    }

    // MARK: Demonstration provider

    func generic(
        _ method: HTTPMethod, _ path: String, _ body: String = "", key: String? = UUID().uuidString,
        with changed: [String: String] = [:]
    ) async throws -> Answer {
        var headers = ["Authorization": "Bearer generic-sandbox-key"]
        if method == .POST {
            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = key
        }
        headers.merge(changed) { $1 }
        return try await send(method, Self.generic + path, headers: headers, body: body)
    }

    func genericBody(_ reference: String, token: String? = nil, more: String = "") -> String {
        let token = token.map { #","token":"\#($0)""# } ?? ""
        return #"""
            {"amount":500,"currency":"EUR","reference":"\#(reference)","method":"card",\#
            "callbackUrl":"\#(collectorURL)"\#(token)\#(more)}
            """#
    }

    /// Creates a payment and returns its id.
    func genericPayment(_ reference: String, token: String? = nil, more: String = "") async throws -> String {
        let answer = try await generic(.POST, "/v1/payments", genericBody(reference, token: token, more: more))
        try #require(answer.status == 201)
        return try #require(answer["id"]?.text)
    }

    /// Presses a button of a hosted page as `curl -X POST` does.
    func press(_ provider: String, _ id: String, _ action: String) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(provider)/__pages/\(id)/\(action)")
        request.method = .POST
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))
        do {
            let response = try await client.execute(request, timeout: .seconds(10))
            let content = try await response.body.collect(upTo: 1 << 20)
            try await client.shutdown()
            return Answer(
                status: Int(response.status.code), headers: response.headers, body: Array(content.readableBytesView))
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    func accounts(_ provider: String, _ query: String = "") async throws -> Answer {
        try await send(.GET, "\(provider)/__accounts\(query)")
    }
}
