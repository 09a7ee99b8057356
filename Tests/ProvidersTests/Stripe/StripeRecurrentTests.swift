import Shared
import Testing

@testable import Providers

@Suite struct StripeRecurrentTests {
    private typealias Gateway = SimulatedGateway<StripeProvider>

    private static func body(_ more: String) -> String {
        #"{"successRedirect":"https://shop.example/ok","failureRedirect":"https://shop.example/no","# + more + "}"
    }

    private static let monthly = body(#""amount":"7.50","shopTransactionID":"PLAN-1","interval":"month""#)

    @Test func anAmountIsBilledEveryInterval() async throws {
        let harness = try ProviderHarness<StripeProvider>([.json(200, StripeJSON.session(url: "\"https://p\""))])
        let body = Self.body(
            #""amount":"7.50","shopTransactionID":"PLAN-1","interval":"day","intervalCount":10"#)
        let answer = try await harness.provider.execute(Gateway.call(.payRecurrent, body))
        #expect(answer.reply?.result == .redirectToURL)
        #expect(
            harness.transport.requests.first?.bodyText == """
                mode=subscription&line_items[0][quantity]=1&line_items[0][price_data][currency]=eur\
                &line_items[0][price_data][unit_amount]=750\
                &line_items[0][price_data][product_data][name]=Order%20PLAN-1\
                &line_items[0][price_data][recurring][interval]=day\
                &line_items[0][price_data][recurring][interval_count]=10\
                &success_url=https%3A%2F%2Fshop.example%2Fok&cancel_url=https%3A%2F%2Fshop.example%2Fno\
                &client_reference_id=PLAN-1&metadata[shopTransactionId]=PLAN-1\
                &subscription_data[metadata][shopTransactionId]=PLAN-1
                """)
    }

    @Test func productsAndAPreparedPriceOfTheSamePeriodAreOneSubscription() async throws {
        let gateway = try Gateway(.stripe())
        let body = Self.body(
            """
            "products":[{"priceId":"price_monthly","quantity":1},
            {"productName":"extra","unitAmount":"2.50","quantity":2,"interval":"month"}]
            """)
        let reply = try await gateway.reply(.payRecurrent, body)
        #expect(gateway.wire.press(try #require(reply.paymentID), "pay"))
        let outcome = try #require(try await gateway.observations().first)
        #expect(outcome.status == .accepted)
        #expect(outcome.amount == Money(minorUnits: 1500))
        #expect(outcome.kind == "payment")
    }

    @Test func aSubscriptionMayBeginWithZero() async throws {
        let gateway = try Gateway(.stripe())
        let body = Self.body(#""amount":"0","interval":"year""#)
        let paymentID = try #require(try await gateway.reply(.payRecurrent, body).paymentID)
        #expect(gateway.wire.press(paymentID, "pay"))
        #expect(try await gateway.status(paymentID: paymentID) == .accepted)
        #expect(try await gateway.reply(.refund, "{\"paymentID\":\"\(paymentID)\"}").result == .ko)
    }

    @Test func theFirstPaymentOfASubscriptionIsRefundedInParts() async throws {
        let gateway = try Gateway(.stripe())
        let paymentID = try #require(try await gateway.reply(.payRecurrent, Self.monthly).paymentID)
        #expect(gateway.wire.press(paymentID, "pay"))
        for (amount, result) in [("5.00", PaymentResult.ok), ("2.51", .ko), ("2.50", .ok), ("0.01", .ko)] {
            let body = "{\"paymentID\":\"\(paymentID)\",\"amount\":\"\(amount)\"}"
            #expect(try await gateway.reply(.refund, body).result == result)
        }
    }

    @Test func aRefundOfASubscriptionWhoseAnswerWasLostIsFoundAgain() async throws {
        let gateway = try Gateway(.stripe())
        let paymentID = try #require(try await gateway.reply(.payRecurrent, Self.monthly).paymentID)
        #expect(gateway.wire.press(paymentID, "pay"))
        let call = try Gateway.call(.refund, "{\"paymentID\":\"\(paymentID)\",\"amount\":\"1.00\"}")
        #expect(try await gateway.provider.reconcile(call) == nil)
        _ = try await gateway.provider.execute(call)
        #expect(try await gateway.provider.reconcile(call)?.reply?.result == .ok)
    }

    @Test func olderVersionsNameThePaymentInTheBill() async throws {
        let session = StripeJSON.session(intent: "null").replacing(
            "\"currency\"", with: "\"mode\":\"subscription\",\"subscription\":\"sub_1\",\"currency\"")
        let harness = try ProviderHarness<StripeProvider>([
            .json(200, session), .json(200, #"{"id":"sub_1","latest_invoice":{"id":"in_1","object":"invoice"}}"#),
            .json(404, StripeJSON.error("invalid_request_error")),
            .json(200, #"{"id":"in_1","status":"paid","charge":"ch_1"}"#), .json(200, StripeJSON.list([])),
            .json(200, StripeJSON.refund(amount: 100)),
        ])
        let call = TestCall.make(.refund, paymentID: "cs_1", cents: 100)
        #expect(try await harness.provider.execute(call).reply?.result == .ok)
        #expect(harness.transport.requests[2].url == "https://stripe.test/v1/invoice_payments?invoice=in_1&status=paid")
        #expect(harness.transport.requests[4].url == "https://stripe.test/v1/refunds?charge=ch_1&limit=100")
        #expect(harness.transport.requests.last?.bodyText?.hasPrefix("charge=ch_1&amount=100&") == true)
    }

    @Test(arguments: [
        (#""amount":"1""#, ["interval: is required with amount"]),
        (
            #""amount":"1","interval":"fortnight","intervalCount":0"#,
            [
                "interval: must be one of day, week, month, year",
                "intervalCount: must be a whole number from 1 to 1095",
            ]
        ),
        (
            #""products":[{"productName":"n","unitAmount":"1","quantity":1}]"#,
            ["products[0].interval: is required: one of day, week, month, year"]
        ),
        (
            """
            "products":[{"productName":"n","unitAmount":"1","quantity":1,"interval":"month"},
            {"priceId":"p","quantity":1},
            {"productId":"n","unitAmount":"0","quantity":1,"interval":"year","intervalCount":1},
            {"productId":"n","unitAmount":"0","quantity":1,"interval":"month","intervalCount":2}]
            """,
            [
                "products[2].interval: must be the same in all products",
                "products[3].intervalCount: must be the same in all products",
            ]
        ),
    ])
    func whatIsWrongWithThePeriodIsNamed(more: String, expected: [String]) throws {
        #expect(try Gateway.issues(.payRecurrent, Self.body(more)) == expected)
    }

    @Test func anAbsentCountIsOne() throws {
        let body = Self.body(
            """
            "products":[{"productName":"n","unitAmount":"1","quantity":1,"interval":"month"},
            {"productName":"m","unitAmount":"1","quantity":1,"interval":"month","intervalCount":1}]
            """)
        #expect(try Gateway.issues(.payRecurrent, body).isEmpty)
    }
}
