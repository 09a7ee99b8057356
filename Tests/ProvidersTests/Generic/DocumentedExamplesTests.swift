import Shared
import Testing

@testable import Providers

/// The request examples of the documented API, word for word; only identifiers that the provider gave are filled in.
@Suite struct DocumentedExamplesTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var operation: Shared.Operation
        var method = "credit-cards"
        var body: String
        var testDescription: String { name }
    }

    private static let firstCardInstalment = Example(
        name: "first card instalment", operation: .payRecurrent,
        body: """
            {
              "amount": "2",
              "creditCardToken": "TOKEN-5340971",
              "shopTransactionID": "plan-77-first",
              "recurrenceDetails": {
                "isFirstInstallment": true,
                "expiresOn": "2022-07-01",
                "installmentAmount": "2",
                "installmentFrequencyInDays": 7
              }
            }
            """)
    private static let laterCardInstalment = Example(
        name: "later card instalment", operation: .payRecurrent,
        body: """
            {
              "amount": "2",
              "creditCardToken": "TOKEN-5340971",
              "shopTransactionID": "plan-77-second",
              "recurrenceDetails": { "isFirstInstallment": false, "previousPaymentID": "3289454367809" }
            }
            """)
    private static let firstPayPalInstalment = Example(
        name: "first PayPal instalment", operation: .payRecurrent, method: "pay-pal",
        body: """
            {
              "amount": "0.05",
              "payPalDescription": "Season ticket",
              "shopTransactionID": "plan-78-first",
              "recurrenceDetails": { "isFirstInstallment": true }
            }
            """)
    private static let laterPayPalInstalment = Example(
        name: "later PayPal instalment", operation: .payRecurrent, method: "pay-pal",
        body: """
            {
              "amount": "0.05",
              "shopTransactionID": "plan-78-second",
              "recurrenceDetails": { "isFirstInstallment": false, "recurrenceToken": "PAYPAL-TOKEN" }
            }
            """)
    private static let pay = Example(
        name: "pay", operation: .pay,
        body: #"{ "amount": "5.00", "shopTransactionID": "123456789", "creditCardToken": "47FKMUVK9PPK2026" }"#)
    private static let payWithProviderObject = Example(
        name: "pay with the object of another provider", operation: .pay, method: "pay-pal",
        body: """
            {
              "amount": "5.00",
              "shopTransactionID": "123456789",
              "brainTreeDataRequest": {
                "nonce": "nonce-from-the-sdk",
                "deviceData": "{...}",
                "customerId": "the_customer_id",
                "storeInVault": true,
                "vaulted": false
              }
            }
            """)
    private static let subscription = """
        {
          "successRedirect": "https://example.com/ok",
          "failureRedirect": "https://example.com/ko",
          "products": [
            { "quantity": 1, "unitAmount": "7.50", "productName": "gold-plan", \
        "interval": "month", "intervalCount": 1 },
            { "quantity": 1, "unitAmount": "2.50", "productId": "prod_extra", \
        "interval": "month", "intervalCount": 1 }
          ]
        }
        """
    private static let confirm = #"{ "shopTransactionID": "123456789", "amount": "5.00" }"#

    private func generic() throws -> SimulatedGateway<GenericProvider> { try SimulatedGateway(.generic()) }

    @Test(arguments: [pay, payWithProviderObject, firstCardInstalment, firstPayPalInstalment])
    func whatNeedsTheBuyerRedirects(example: Example) async throws {
        let gateway = try generic()
        let reply = try await gateway.reply(example.operation, method: example.method, example.body)
        #expect(reply.result == .redirectToURL)
        let paymentID = try #require(reply.paymentID)
        #expect(reply.redirectToUrl == SimulatedWire.baseURL + "/__pages/" + paymentID)
        #expect(reply.redirectToUrlMobile == nil)
        #expect(gateway.wire.press(paymentID, "pay"))
        let outcome = try #require(try await gateway.observations().first)
        #expect(outcome.status == .accepted)
        #expect(outcome.reference.paymentID == paymentID)
        #expect(outcome.paymentType == (example.method == "pay-pal" ? "PAYPAL" : "CREDITCARD"))
    }

    /// The plan of the example is not known to any simulator, so its later instalments are refused, not failures.
    @Test(arguments: [laterCardInstalment, laterPayPalInstalment])
    func aLaterInstalmentOfAnUnknownPlanIsRefused(example: Example) async throws {
        let reply = try await generic().reply(example.operation, method: example.method, example.body)
        #expect(reply.result == .ko)
    }

    @Test(arguments: [(firstCardInstalment, laterCardInstalment), (firstPayPalInstalment, laterPayPalInstalment)])
    func aLaterInstalmentOfAPlanNeedsNobody(first: Example, later: Example) async throws {
        let gateway = try generic()
        let paymentID = try #require(
            try await gateway.reply(first.operation, method: first.method, first.body).paymentID)
        #expect(gateway.wire.press(paymentID, "pay"))
        let token = try #require(try await gateway.observations().first?.token)
        let body = later.body.replacing("3289454367809", with: paymentID).replacing("PAYPAL-TOKEN", with: token)
        let reply = try await gateway.reply(later.operation, method: later.method, body)
        #expect(reply.result == .ok)
        #expect(reply.redirectToUrl == nil)
    }

    @Test func confirmAndRefundFollowAPreauthorisedPayment() async throws {
        let gateway = try generic()
        let body = Self.pay.body.replacing("47FKMUVK9PPK2026", with: "PREAUTH-47FK")
        let paymentID = try #require(try await gateway.reply(.pay, body).paymentID)
        #expect(gateway.wire.press(paymentID, "pay"))
        #expect(try await gateway.reply(.confirm, Self.confirm).result == .ok)
        #expect(try await gateway.reply(.refund, Self.confirm).result == .ok)
        #expect(try await gateway.status(shop: "123456789") == .accepted)
    }

    @Test func anUnpaidPaymentExpires() async throws {
        let gateway = try generic()
        let paymentID = try #require(try await gateway.reply(.pay, Self.pay.body).paymentID)
        #expect(try await gateway.reply(.payExpire, "{ \"paymentID\": \"\(paymentID)\" }").result == .ok)
        #expect(try await gateway.status(paymentID: paymentID) == .failed)
    }

    @Test func theSubscriptionOfStripeRedirectsWithoutAnIdentifierOfTheMerchants() async throws {
        let gateway = try SimulatedGateway<StripeProvider>(.stripe())
        let reply = try await gateway.reply(.payRecurrent, Self.subscription)
        #expect(reply.result == .redirectToURL)
        let paymentID = try #require(reply.paymentID)
        let body = "{ \"paymentID\": \"\(paymentID)\" }"
        #expect(try await gateway.reply(.payExpire, body).result == .ok)
    }
}
