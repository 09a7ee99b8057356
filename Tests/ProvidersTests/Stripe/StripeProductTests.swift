import Shared
import Testing

@testable import Providers

@Suite struct StripeProductTests {
    private typealias Gateway = SimulatedGateway<StripeProvider>

    private static func body(_ more: String) -> String {
        #"{"successRedirect":"https://shop.example/ok","failureRedirect":"https://shop.example/no","# + more + "}"
    }

    private static let threeShapes = body(
        """
        "shopTransactionID":"ORDER-42","products":[
        {"priceId":"price_test","quantity":2},
        {"productId":"prod_a","unitAmount":"7.50","quantity":1},
        {"productName":"Gold & more","unitAmount":"0.05","quantity":3}]
        """)

    @Test func eachShapeOfAProductIsALineOfItsOwn() async throws {
        let harness = try ProviderHarness<StripeProvider>([.json(200, StripeJSON.session(url: "\"https://p\""))])
        _ = try await harness.provider.execute(Gateway.call(.pay, Self.threeShapes))
        #expect(
            harness.transport.requests.first?.bodyText == """
                mode=payment&line_items[0][quantity]=2&line_items[0][price]=price_test\
                &line_items[1][quantity]=1&line_items[1][price_data][currency]=eur\
                &line_items[1][price_data][unit_amount]=750&line_items[1][price_data][product]=prod_a\
                &line_items[2][quantity]=3&line_items[2][price_data][currency]=eur\
                &line_items[2][price_data][unit_amount]=5\
                &line_items[2][price_data][product_data][name]=Gold%20%26%20more\
                &success_url=https%3A%2F%2Fshop.example%2Fok&cancel_url=https%3A%2F%2Fshop.example%2Fno\
                &client_reference_id=ORDER-42&metadata[shopTransactionId]=ORDER-42\
                &payment_intent_data[metadata][shopTransactionId]=ORDER-42
                """)
    }

    @Test func theBuyerPaysTheSumOfTheProducts() async throws {
        let gateway = try Gateway(.stripe())
        let reply = try await gateway.reply(.pay, Self.threeShapes)
        let paymentID = try #require(reply.paymentID)
        #expect(reply.result == .redirectToURL)
        #expect(gateway.wire.press(paymentID, "pay"))
        let outcome = try #require(try await gateway.observations().first)
        #expect(outcome.status == .accepted)
        #expect(outcome.amount == Money(minorUnits: 2 * 500 + 750 + 3 * 5))
        let tooMuch = "{\"paymentID\":\"\(paymentID)\",\"amount\":\"17.66\"}"
        #expect(try await gateway.reply(.refund, tooMuch).result == .ko)
        #expect(try await gateway.reply(.refund, "{\"paymentID\":\"\(paymentID)\"}").result == .ok)
    }

    @Test func anUnknownPriceIsRefusedByStripeAndNoFailure() async throws {
        let body = Self.body(#""products":[{"priceId":"price_unknown","quantity":1}]"#)
        #expect(try await Gateway(.stripe()).reply(.pay, body).result == .ko)
    }

    @Test func theCommandStandsInForAMissingIdentifier() throws {
        let call = try Gateway.call(.pay, Self.body(#""amount":"5.00""#))
        #expect(call.reference.shopTransactionID == call.commandID.value)
    }

    @Test(arguments: [
        (#""shopTransactionID":"A""#, ["amount, products: one of amount, products is required"]),
        (
            #""amount":"1","products":[{"priceId":"p","quantity":1}]"#,
            ["amount, products: only one of amount, products may be given"]
        ),
        (#""products":[]"#, ["products: must be an array of 1 to 100 elements"]),
        (#""products":[3]"#, ["products[0]: must be an object"]),
        (
            #""products":[{"priceId":"p","quantity":1},{"quantity":1}]"#,
            ["products[1]: one of priceId, productId, productName is required"]
        ),
        (
            #""products":[{"priceId":"p","productName":"n","quantity":1}]"#,
            ["products[0]: only one of priceId, productId, productName may be given"]
        ),
        (
            #""products":[{"productId":"p","quantity":0},{"productName":"","unitAmount":1,"quantity":"1"}]"#,
            [
                "products[0].unitAmount: is required: a decimal string such as \"5.00\"",
                "products[0].quantity: must be a whole number from 1 to 999999",
                "products[1].productName: must have 1 to 255 characters",
                "products[1].unitAmount: must be a decimal string such as \"5.00\"",
                "products[1].quantity: must be a whole number from 1 to 999999",
            ]
        ),
        (
            #""products":[{"productId":"p","unitAmount":"0.00","quantity":1}]"#,
            ["products[0].unitAmount: must be greater than zero"]
        ),
    ])
    func whatIsWrongIsNamedWithItsProduct(more: String, expected: [String]) throws {
        #expect(try Gateway.issues(.pay, Self.body(more)) == expected)
    }

    /// The ingress refuses such bodies; a command that has one all the same, written by other means, sends nothing.
    @Test(arguments: [
        JSONValue.array([]), .array([.null]), .array([.object(["quantity": .integer(1)])]),
        .array([.object(["quantity": .integer(1), "productId": .string("p"), "unitAmount": .string("x")])]),
        .array([.object(["quantity": .string("1"), "priceId": .string("p")])]),
    ])
    func productsOfAnotherShapeSendNothing(products: JSONValue) async throws {
        let harness = try ProviderHarness<StripeProvider>()
        let body = TestCall.redirects.merging(["products": products]) { $1 }
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.make(.pay, shop: "A", body: body))
        }
        #expect(failure == FailureShape(.requestRefused, effect: false, transient: false))
    }
}
