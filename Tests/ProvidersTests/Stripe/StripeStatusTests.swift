import Shared
import Testing

@testable import Providers

@Suite struct StripeStatusTests {
    private static func intent(_ status: String) -> String { "{\"id\":\"pi_1\",\"status\":\"\(status)\"}" }

    @Test(
        arguments: [
            ("open", "unpaid", "null", PaymentStatus.pending),
            ("open", "unpaid", intent("requires_payment_method"), .pending),
            ("open", "paid", "null", .pending), ("expired", "unpaid", "null", .failed),
            ("expired", nil, "null", .failed),
            ("complete", "paid", "\"pi_1\"", .accepted), ("complete", "paid", intent("succeeded"), .accepted),
            ("complete", "no_payment_required", "null", .accepted), ("complete", "unpaid", "null", .pending),
            ("complete", "unpaid", "\"pi_1\"", .pending), ("complete", "unpaid", intent("processing"), .pending),
            ("complete", "unpaid", intent("requires_action"), .pending),
            ("complete", "unpaid", intent("requires_capture"), .pending),
            ("complete", "unpaid", intent("requires_confirmation"), .pending),
            ("complete", "unpaid", intent("canceled"), .failed),
            ("complete", "unpaid", intent("requires_payment_method"), .failed),
            ("complete", "unpaid", intent("invented"), .pending), ("complete", "invented", "null", .pending),
            ("complete", nil, "null", .pending), (nil, nil, "null", .pending), ("invented", "paid", "null", .pending),
        ] as [(String?, String?, String, PaymentStatus)])
    func eachStateOfASessionHasItsStatus(
        status: String?, payment: String?, intent: String, expected: PaymentStatus
    ) async throws {
        let session = StripeJSON.session(status: status, payment: payment, intent: intent)
        let harness = try ProviderHarness<StripeProvider>([.json(200, session)])
        let observation = try await harness.provider.observe(TestCall.make(.status, paymentID: "cs_1"))
        #expect(observation.status == expected)
        #expect(observation.reference == PaymentReference(shopTransactionID: "ORDER-42", paymentID: "cs_1"))
        #expect(observation.amount == Money(minorUnits: 500))
        #expect(observation.paymentType == "STRIPE")
        let request = try #require(harness.transport.requests.first)
        #expect(request.method == "GET")
        #expect(request.url == "https://stripe.test/v1/checkout/sessions/cs_1?expand[]=payment_intent")
    }

    @Test func anObservationNeedsThePaymentID() async throws {
        let harness = try ProviderHarness<StripeProvider>()
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.observe(TestCall.make(.status, shop: "ORDER-42"))
        }
        #expect(failure == FailureShape(.requestRefused, effect: false, transient: false))
    }

    @Test func anUnknownSessionIsAnUnknownTransaction() async throws {
        let body = StripeJSON.error("invalid_request_error", code: "resource_missing")
        let harness = try ProviderHarness<StripeProvider>([.json(404, body)])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.observe(TestCall.make(.check, paymentID: "cs_1"))
        }
        #expect(failure == FailureShape(.unknownTransaction, effect: false, transient: false))
    }

    @Test func aSessionWithoutAmountOrOfAnOddCurrencyHasNone() async throws {
        let odd = StripeJSON.session().replacing("\"eur\"", with: "\"euros\"")
        for session in [StripeJSON.session(total: "null"), odd] {
            let harness = try ProviderHarness<StripeProvider>([.json(200, session)])
            let observation = try await harness.provider.observe(TestCall.make(.check, paymentID: "cs_1"))
            #expect(observation.amount == nil)
            #expect(observation.status == .accepted)
        }
    }
}
