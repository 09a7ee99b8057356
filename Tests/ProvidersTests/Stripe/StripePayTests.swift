import Shared
import Testing

@testable import Providers

@Suite struct StripePayTests {
    private static let page = StripeJSON.session(status: "open", payment: "unpaid", url: "\"https://checkout.test/1\"")

    @Test func theRequestIsExactlyTheDocumentedOne() async throws {
        let harness = try ProviderHarness<StripeProvider>([.json(200, Self.page)])
        var call = TestCall.pay()
        call.trace = TraceContext(traceParent: TestCall.traceParent, traceState: "a=b")
        _ = try await harness.provider.execute(call)
        let request = try #require(harness.transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://stripe.test/v1/checkout/sessions")
        #expect(request.timeout == .seconds(7))
        #expect(
            request.headers == [
                .init("Authorization", "Bearer sk_test_private"), .init("Stripe-Version", "2026-07-29.dahlia"),
                .init("traceparent", TestCall.traceParent), .init("tracestate", "a=b"),
                .init("Content-Type", "application/x-www-form-urlencoded"),
                .init("Idempotency-Key", TestCall.key),
            ])
        #expect(
            request.bodyText?.split(separator: "&").map(String.init) == [
                "mode=payment", "line_items[0][quantity]=1", "line_items[0][price_data][currency]=eur",
                "line_items[0][price_data][unit_amount]=500",
                "line_items[0][price_data][product_data][name]=Order%20ORDER-42",
                "success_url=https%3A%2F%2Fshop.example%2Fok%3Fa%3Db%26c%3Dd",
                "cancel_url=https%3A%2F%2Fshop.example%2Fno", "client_reference_id=ORDER-42",
                "metadata[shopTransactionId]=ORDER-42", "payment_intent_data[metadata][shopTransactionId]=ORDER-42",
            ])
    }

    @Test func anOpenSessionRedirectsTheBuyer() async throws {
        let harness = try ProviderHarness<StripeProvider>([.json(200, Self.page)])
        let reply = try #require(try await harness.provider.execute(TestCall.pay()).reply)
        #expect(reply.result == .redirectToURL)
        #expect(reply.paymentID == "cs_1")
        #expect(reply.redirectToUrl == "https://checkout.test/1")
        #expect(reply.redirectToUrlMobile == nil)
    }

    @Test(arguments: ["null", "\"\""])
    func aSessionWithoutPageIsNoAnswerAndNoRefusal(url: String) async throws {
        let harness = try ProviderHarness<StripeProvider>([.json(200, StripeJSON.session(url: url))])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.pay())
        }
        #expect(failure == FailureShape(.unusableAnswer, effect: true, transient: false))
    }

    @Test(arguments: [
        (400, StripeJSON.error("invalid_request_error", code: "amount_too_small", message: "too small")),
        (402, StripeJSON.error("card_error", code: "card_declined", message: "declined")),
        (400, StripeJSON.error("invalid_request_error")), (400, ""), (400, "{\"error\":[]}"), (422, "<html>"),
    ])
    func aDefiniteRefusalIsKO(statusCode: Int, body: String) async throws {
        for hint in [[:], ["stripe-should-retry": "false"]] {
            let harness = try ProviderHarness<StripeProvider>([.json(statusCode, body, hint)])
            let reply = try #require(try await harness.provider.execute(TestCall.pay()).reply)
            #expect(reply.result == .ko)
            #expect(!reply.resultDescription.isEmpty)
            #expect(reply.paymentID == nil)
        }
    }

    @Test func aRefusalTellsStripesCodeAndMessage() async throws {
        let body = StripeJSON.error("invalid_request_error", code: "amount_too_small", message: "at least 0.50")
        let harness = try ProviderHarness<StripeProvider>([.json(400, body)])
        let reply = try #require(try await harness.provider.execute(TestCall.pay()).reply)
        #expect(reply.resultDescription == "amount_too_small: at least 0.50")
    }

    @Test func aVeryLongRefusalIsCut() async throws {
        let body = StripeJSON.error("invalid_request_error", message: String(repeating: "x", count: 100_000))
        let harness = try ProviderHarness<StripeProvider>([.json(400, body)])
        let reply = try #require(try await harness.provider.execute(TestCall.pay()).reply)
        #expect(reply.resultDescription.count == ProviderHTTP.textLengthMax)
    }

    @Test func withoutAmountReferenceOrRedirectsNothingIsSent() async throws {
        let harness = try ProviderHarness<StripeProvider>()
        let calls = [
            TestCall.make(.pay, shop: "ORDER-42", body: TestCall.redirects),
            TestCall.make(.pay, cents: 500, body: TestCall.redirects),
            TestCall.make(.pay, shop: "ORDER-42", cents: 500, body: ["successRedirect": .string("https://a")]),
            TestCall.make(.pay, shop: "ORDER-42", cents: 500, body: ["failureRedirect": .string("https://a")]),
        ]
        for call in calls {
            let failure = await FailureShape.of { () throws(ProviderFailure) in
                try await harness.provider.execute(call)
            }
            #expect(failure == FailureShape(.requestRefused, effect: false, transient: false))
        }
        #expect(harness.transport.requests.isEmpty)
    }

    @Test(arguments: [Shared.Operation.confirm, .sessionOpen, .sessionCheck, .status, .callback])
    func operationsThatStripeDoesNotHaveSendNothing(operation: Shared.Operation) async throws {
        let harness = try ProviderHarness<StripeProvider>()
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.make(operation, shop: "a", paymentID: "b", cents: 1))
        }
        #expect(failure == FailureShape(.requestRefused, effect: false, transient: false))
    }
}
