import Shared
import Testing

@testable import Providers

@Suite struct StripeCallbackTests {
    private static let own = CallbackNotice.payment(
        PaymentReference(shopTransactionID: "ORDER-42", paymentID: "cs_1"))
    private static let vectorBody = "{\"id\":\"evt_test_webhook\",\"object\":\"event\"}"
    private static let vectorSignature = "88a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a"

    private func callback(_ body: String, signature: String?, method: String = "POST") -> RawCallback {
        RawCallback(
            method: method, headers: signature.map { ["stripe-signature": $0] } ?? [:], query: [],
            body: Array(body.utf8))
    }

    private func notice(
        _ body: String, signature: String? = nil, nowSeconds: Int64 = 1_790_000_000
    ) throws -> CallbackNotice {
        let harness = try ProviderHarness<StripeProvider>(nowSeconds: nowSeconds)
        let signature = signature ?? TestSignature.header(body)
        return try harness.provider.authenticate(callback(body, signature: signature))
    }

    private func isRejected(_ body: String, _ signature: String, nowSeconds: Int64) -> Bool {
        do {
            _ = try notice(body, signature: signature, nowSeconds: nowSeconds)
            return false
        } catch {
            return error as? CallbackRejection == .notAuthentic
        }
    }

    @Test func thePublishedVectorsVerify() throws {
        let second = "{\n  \"id\": \"evt_1\",\n  \"object\": \"event\",\n  \"type\": \"checkout.session.completed\"\n}"
        let vectors: [(Int64, String, String)] = [
            (1_492_774_577, Self.vectorBody, Self.vectorSignature),
            (1_700_000_000, second, "906de857d4c6924d679dd5c2e154e492408e6bb65f97a8c9bb8e4eba1cdaa552"),
        ]
        for (seconds, body, signature) in vectors {
            let genuine = "t=\(seconds),v1=\(signature)"
            let accepted = [
                genuine, genuine + ",v1=bad_signature", "v1=bad_signature," + genuine, "v0=00," + genuine,
                "t=\(seconds), v1=\(String(repeating: "00", count: 32)), v1=\(signature)",
                "t=\(seconds),v1=\(signature.uppercased())",
            ]
            for header in accepted {
                // Authentic, and yet no event with the parts that are needed.
                #expect(throws: CallbackRejection.self) { try notice(body, signature: header, nowSeconds: seconds) }
                #expect(!isRejected(body, header, nowSeconds: seconds))
            }
        }
    }

    @Test(arguments: [
        "", " ", "v1,t=1", "t=", "t=1492774577", "v1=\(vectorSignature)", "t=1492774577,v0=\(vectorSignature)",
        "t=,v1=\(vectorSignature)", "t=x,v1=\(vectorSignature)", "t=1492774578,v1=\(vectorSignature)",
        "t=1492774577,v1=", "t=1492774577,v1=zz", "t=1492774577,v1=\(vectorSignature)00",
        "t=1492774577,v1=\(vectorSignature.dropLast(2))", "t=1492774577,v1=8\(vectorSignature.dropFirst())x",
        "t=99999999999999999999,v1=\(vectorSignature)", "t=-9223372036854775808,v1=\(vectorSignature)",
        "t=9223372036854775807,v1=\(vectorSignature)", "t=1492774577;v1=\(vectorSignature)",
        String(repeating: "v1=00,", count: 1000) + "t=1492774577,v1=\(vectorSignature)",
        "t=1492774577,v1=98a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a",
    ])
    func otherSignaturesAreRejected(header: String) {
        #expect(isRejected(Self.vectorBody, header, nowSeconds: 1_492_774_577))
    }

    @Test func aSignatureOfAnotherBodyOrSecretIsRejected() throws {
        let body = StripeJSON.event("checkout.session.completed")
        let now = ProviderHarness<StripeProvider>.nowSeconds
        #expect(isRejected(body, TestSignature.header(body + " "), nowSeconds: now))
        #expect(isRejected(body, TestSignature.header(body, secret: "whsec_other"), nowSeconds: now))
        #expect(isRejected(body, TestSignature.header(body, secret: ""), nowSeconds: now))
        let harness = try ProviderHarness<StripeProvider>()
        #expect(throws: CallbackRejection.notAuthentic) {
            try harness.provider.authenticate(callback(body, signature: nil))
        }
        #expect(throws: CallbackRejection.notAuthentic) {
            try harness.provider.authenticate(
                callback(body, signature: TestSignature.header(body), method: "GET"))
        }
    }

    @Test(
        arguments: [(0, true), (300, true), (301, false), (-300, true), (-301, false), (100_000, false)]
            as [(Int64, Bool)])
    func aSignatureHoldsForFiveMinutes(ageSeconds: Int64, isAccepted: Bool) {
        let seconds: Int64 = 1_790_000_000
        let body = StripeJSON.event("checkout.session.completed")
        let header = TestSignature.header(body, seconds: seconds)
        #expect(isRejected(body, header, nowSeconds: seconds + ageSeconds) != isAccepted)
    }

    @Test(
        arguments: [
            ("checkout.session.completed", "complete", "paid", PaymentStatus.accepted),
            ("checkout.session.completed", "complete", "no_payment_required", .accepted),
            ("checkout.session.completed", "complete", "unpaid", .pending),
            ("checkout.session.completed", "complete", nil, .pending),
            ("checkout.session.async_payment_succeeded", "complete", "paid", .accepted),
            ("checkout.session.async_payment_failed", "complete", "unpaid", .failed),
            ("checkout.session.expired", "expired", "unpaid", .failed),
        ] as [(String, String, String?, PaymentStatus)])
    func eachEventOfASessionIsTakenAndHasItsStatus(
        type: String, status: String, payment: String?, expected: PaymentStatus
    ) async throws {
        let body = StripeJSON.event(type, session: StripeJSON.session(status: status, payment: payment))
        #expect(try notice(body) == Self.own)
        let harness = try ProviderHarness<StripeProvider>()
        let observation = try await harness.provider.observe(
            callback(body, signature: nil), call: TestCall.make(.callback))
        #expect(observation.status == expected)
        #expect(observation.reference == PaymentReference(shopTransactionID: "ORDER-42", paymentID: "cs_1"))
        #expect(harness.transport.requests.isEmpty)
    }

    @Test(arguments: [
        StripeJSON.event("charge.refunded"), StripeJSON.event("invoice.paid"), StripeJSON.event("invented"),
        StripeJSON.event("checkout.session.completed").replacing(
            "\"object\":\"event\"", with: "\"object\":\"v2.core.event\""),
        StripeJSON.event("checkout.session.completed").replacing("\"object\":\"event\",", with: ""),
        "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"payout.paid\",\"data\":{\"object\":{\"id\":\"po_1\"}}}",
    ])
    func eventsOfOtherKindsAreIgnored(body: String) throws {
        guard case .ignored = try notice(body) else {
            Issue.record("not ignored")
            return
        }
    }

    @Test(arguments: [
        "{}", "null", "{\"other\":\"x\"}", "{\"shopTransactionId\":\"\"}", "{\"shopTransactionId\":\"caf\\u00e9\"}",
    ])
    func sessionsOfOthersAreIgnoredThoughABuyerNamedAnOrder(metadata: String) throws {
        let session = StripeJSON.session().replacing("{\"shopTransactionId\":\"ORDER-42\"}", with: metadata)
        #expect(session.contains("\"client_reference_id\":\"ORDER-42\""))
        guard case .ignored = try notice(StripeJSON.event("checkout.session.completed", session: session)) else {
            Issue.record("not ignored")
            return
        }
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "{\"id\":\"evt_1\"}", "{\"id\":1,\"type\":\"x\"}", "\u{0}",
        "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"checkout.session.completed\"}",
        "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"checkout.session.completed\",\"data\":null}",
        "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"checkout.session.expired\",\"data\":{\"object\":\"cs_1\"}}",
        String(repeating: "{\"a\":", count: 50_000),
    ])
    func authenticBodiesOfAnotherShapeAreUnreadableAndNeverTrap(body: String) async throws {
        let error = #expect(throws: CallbackRejection.self) { try notice(body) }
        #expect(error != .notAuthentic)
        let harness = try ProviderHarness<StripeProvider>()
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.observe(callback(body, signature: nil), call: TestCall.make(.callback))
        }
        #expect(failure == FailureShape(.unusableAnswer, effect: false, transient: false))
    }
}
