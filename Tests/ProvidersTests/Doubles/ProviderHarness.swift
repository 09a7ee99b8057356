import Crypto
import Foundation
import Shared
import Testing

@testable import Providers

/// A provider of known settings in front of prepared answers.
struct ProviderHarness<Provider: PaymentProvider> {
    static var nowSeconds: Int64 { 1_790_000_000 }

    let transport: ScriptedTransport
    let provider: Provider

    init(
        _ answers: [ScriptedTransport.Answer] = [], nowSeconds: Int64 = Self.nowSeconds,
        settings more: [String: String] = [:]
    ) throws {
        transport = ScriptedTransport(answers)
        var reader = SettingsReader(environment: TestSettings.environment.merging(more) { $1 })
        let settings = ProviderSettings(
            description: Provider.description, reader: &reader, publicURL: "https://gw.example.com")
        try reader.finish()
        provider = Provider(settings: settings, transport: transport, clock: WallClock { nowSeconds * 1000 })
    }
}

/// Settings of every provider.
enum TestSettings {
    static let environment = [
        "STRIPE_BASE_URL": "https://stripe.test/", "STRIPE_PRIVATE_KEY": "sk_test_private",
        "STRIPE_WEBHOOK_SECRET": secret,
        "GENERIC_PROVIDER_BASE_URL": "https://generic.test", "GENERIC_PROVIDER_API_KEY": "generic-api-key",
        "GENERIC_PROVIDER_CALLBACK_SECRET": secret,
    ]
    static let secret = "whsec_test_secret"
    static let credentials = ["sk_test_private", "generic-api-key", secret]
}

/// Calls as the worker makes them.
enum TestCall {
    static let key = "effect-01ARZ3NDEKTSV4RRFFQ69G5FAV"
    static let traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    static func make(
        _ operation: Shared.Operation, method: String? = nil, shop: String? = nil, paymentID: String? = nil,
        cents: Int64? = nil, body: [String: JSONValue] = [:], trace: TraceContext? = nil
    ) -> ProviderCall {
        let command = Command(
            id: CommandID.make(atUnixMilliseconds: 0), provider: ProviderName("test"), operation: operation,
            paymentMethod: method, reference: PaymentReference(shopTransactionID: shop, paymentID: paymentID),
            amount: cents.map { Money(minorUnits: $0) }, acceptedAtMilliseconds: 0, trace: trace,
            payload: CommandPayload(body: body))
        return ProviderCall(command, idempotencyKey: key, timeout: .seconds(7))
    }

    static let redirects: [String: JSONValue] = [
        "successRedirect": .string("https://shop.example/ok?a=b&c=d"),
        "failureRedirect": .string("https://shop.example/no"),
    ]

    static func pay(method: String? = nil) -> ProviderCall {
        make(.pay, method: method, shop: "ORDER-42", cents: 500, body: redirects)
    }
}

/// Signatures as providers make them.
enum TestSignature {
    static func hexadecimal(_ text: [UInt8], secret: String = TestSettings.secret) -> String {
        let key = SymmetricKey(data: Array(secret.utf8))
        return HMAC<SHA256>.authenticationCode(for: text, using: key).map { String(format: "%02x", $0) }.joined()
    }

    static func header(
        _ body: String, seconds: Int64 = 1_790_000_000, secret: String = TestSettings.secret
    ) -> String {
        "t=\(seconds),v1=" + hexadecimal(Array("\(seconds).\(body)".utf8), secret: secret)
    }
}

/// What a failed call tells, without its text.
struct FailureShape: Sendable, Equatable {
    var code: ProviderFailure.Code
    var mayHaveHadEffect: Bool
    var isTransient: Bool

    init(_ code: ProviderFailure.Code, effect: Bool, transient: Bool) {
        self.code = code
        self.mayHaveHadEffect = effect
        self.isTransient = transient
    }

    init(_ failure: ProviderFailure) {
        self.init(failure.code, effect: failure.mayHaveHadEffect, transient: failure.isTransient)
    }

    /// Runs something that must fail.
    static func of(_ body: () async throws(ProviderFailure) -> some Any) async -> FailureShape? {
        do {
            _ = try await body()
            return nil
        } catch {
            return FailureShape(error)
        }
    }
}

extension ProviderAnswer {
    /// The payment reply, when it is one.
    var reply: PaymentReply? {
        if case .payment(let reply) = self { return reply }
        return nil
    }
}
