import Shared
import Testing

@testable import Providers

/// What is told by the provider's identifier alone finds the payment of the merchant's.
@Suite struct WayHomeTests {
    private static let redirects =
        #""successRedirect":"https://a.example","failureRedirect":"https://b.example""#

    @Test func theDemonstrationProviderTellsThePaymentsReference() async throws {
        let gateway = try SimulatedGateway<GenericProvider>(.generic())
        let pay = { (token: String) async throws -> String in
            let body = "{\"amount\":\"5.00\",\"shopTransactionID\":\"HOME\",\"creditCardToken\":\"\(token)\"}"
            return try #require(try await gateway.reply(.pay, body).paymentID)
        }
        let reserved = try await pay("PREAUTH")
        try #require(gateway.wire.press(reserved, "pay"))
        let (paid, open) = (try await pay("OK"), try await pay("CARD"))
        let begun = try await pay("CARD")
        for (operation, body, result) in [
            (Shared.Operation.confirm, "{\"paymentID\":\"\(reserved)\",\"amount\":\"9.00\"}", PaymentResult.ko),
            (.confirm, "{\"paymentID\":\"\(reserved)\",\"amount\":\"5.00\"}", .ok),
            (.refund, "{\"paymentID\":\"\(paid)\",\"amount\":\"1.00\"}", .ok),
            (.refund, "{\"paymentID\":\"\(paid)\",\"amount\":\"9.00\"}", .ko),
            (.payExpire, "{\"paymentID\":\"\(open)\"}", .ok), (.payExpire, "{\"paymentID\":\"\(paid)\"}", .ko),
            (.payRecurrentExpire, "{\"paymentID\":\"\(begun)\",\"cancelType\":\"now\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(paid)\",\"cancelType\":\"now\"}", .ko),
        ] {
            let reply = try await gateway.reply(operation, body)
            #expect(reply.result == result)
            #expect(reply.shopTransactionID == "HOME")
        }
        for observation in try await gateway.observations() {
            #expect(observation.reference.shopTransactionID == "HOME")
        }
    }

    @Test func stripeTellsWhatItsObjectsCarry() async throws {
        let gateway = try SimulatedGateway<StripeProvider>(.stripe())
        let open = { (operation: Shared.Operation) async throws -> String in
            let period = operation == .payRecurrent ? #","interval":"month""# : ""
            let body = "{\(Self.redirects),\"amount\":\"7.50\",\"shopTransactionID\":\"HOME\"\(period)}"
            return try #require(try await gateway.reply(operation, body).paymentID)
        }
        let (paid, unpaid, left) = (try await open(.pay), try await open(.pay), try await open(.payRecurrent))
        let running = [try await open(.payRecurrent), try await open(.payRecurrent)]
        for paymentID in [paid] + running { try #require(gateway.wire.press(paymentID, "pay")) }
        let call = TestCall.make(.status, paymentID: running[1])
        let subscription = try #require(try await gateway.provider.client.session(running[1], call).subscription?.id)
        for (operation, body, result) in [
            (Shared.Operation.refund, "{\"paymentID\":\"\(paid)\",\"amount\":\"1.00\"}", PaymentResult.ok),
            (.refund, "{\"paymentID\":\"\(paid)\",\"amount\":\"9.00\"}", .ko),
            (.refund, "{\"paymentID\":\"\(unpaid)\"}", .ko),
            (.refund, "{\"paymentID\":\"\(running[0])\",\"amount\":\"1.00\"}", .ok),
            (.payExpire, "{\"paymentID\":\"\(paid)\"}", .ko), (.payExpire, "{\"paymentID\":\"\(unpaid)\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(left)\",\"cancelType\":\"now\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(paid)\",\"cancelType\":\"now\"}", .ko),
            (.payRecurrentExpire, "{\"paymentID\":\"\(running[0])\",\"cancelType\":\"endOfPeriod\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(running[0])\",\"cancelType\":\"now\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(subscription)\",\"cancelType\":\"endOfPeriod\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(subscription)\",\"cancelType\":\"now\"}", .ok),
            (.payRecurrentExpire, "{\"paymentID\":\"\(subscription)\",\"cancelType\":\"now\"}", .ok),
        ] {
            let reply = try await gateway.reply(operation, body)
            #expect(reply.result == result, "\(operation.rawValue) \(body)")
            #expect(reply.shopTransactionID == "HOME", "\(operation.rawValue) \(body)")
        }
        let observations = try await gateway.observations()
        #expect(observations.count > 3)
        #expect(observations.allSatisfy { $0.reference.shopTransactionID == "HOME" })
    }

    @Test func aRefusalTellsToo() async throws {
        let refusal = ScriptedTransport.Answer.json(400, StripeJSON.error("invalid_request_error"))
        let expire = try ProviderHarness<StripeProvider>([
            refusal, .json(200, StripeJSON.session(status: "open", payment: "unpaid")),
        ])
        let expiry = try await expire.provider.execute(TestCall.make(.payExpire, paymentID: "cs_1"))
        #expect(expiry.reply?.result == .ko)
        #expect(expiry.reply?.shopTransactionID == "ORDER-42")
        let subscription = #"{"id":"sub_1","status":"active","metadata":{"shopTransactionId":"PLAN-1"}}"#
        let cancel = try ProviderHarness<StripeProvider>([refusal, .json(200, subscription)])
        let body: [String: JSONValue] = ["cancelType": .string("now")]
        let end = try await cancel.provider.execute(
            TestCall.make(.payRecurrentExpire, paymentID: "sub_1", body: body))
        #expect(end.reply?.result == .ko)
        #expect(end.reply?.shopTransactionID == "PLAN-1")
    }

    @Test func whatIsNoIdentifierIsNotTakenForOne() async throws {
        let odd = String(repeating: "x", count: 129)
        let generic = try ProviderHarness<GenericProvider>([
            .json(200, GenericJSON.payment().replacing("ORDER-42", with: odd))
        ])
        let observation = try await generic.provider.observe(TestCall.make(.status, paymentID: "p_1"))
        #expect(observation.reference == PaymentReference(paymentID: "p_1"))
        let session = StripeJSON.session().replacing("ORDER-42", with: odd)
        let stripe = try ProviderHarness<StripeProvider>([.json(200, session)])
        let seen = try await stripe.provider.observe(TestCall.make(.status, paymentID: "cs_1"))
        #expect(seen.reference == PaymentReference(paymentID: "cs_1"))
    }

    @Test func theMerchantsIdentifierIsNoPartOfTheAnswer() throws {
        let reply = PaymentReply(result: .ok, resultDescription: "", paymentID: "p", shopTransactionID: "HOME")
        let text = String(decoding: try JSONCoding.encode(reply), as: UTF8.self)
        #expect(!text.contains("HOME") && !text.contains("shopTransactionID"))
    }
}
