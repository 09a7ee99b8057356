import Shared
import Testing

@testable import Providers

@Suite struct StripeRefundTests {
    private typealias Harness = ProviderHarness<StripeProvider>

    private static let paid = ScriptedTransport.Answer.json(200, StripeJSON.session())
    private static let done = ScriptedTransport.Answer.json(200, StripeJSON.refund(amount: 250))

    private static let metadata = "metadata[refundId]=\(TestCall.key)&metadata[shopTransactionId]=ORDER-42"

    private static func refunds(_ refunds: String..., hasMore: Bool = false) -> ScriptedTransport.Answer {
        .json(200, StripeJSON.list(refunds, hasMore: hasMore))
    }

    private func refund(_ harness: Harness, cents: Int64?) async throws -> PaymentReply {
        let call = TestCall.make(.refund, paymentID: "cs_1", cents: cents)
        return try #require(try await harness.provider.execute(call).reply)
    }

    @Test func theRequestsAreExactlyTheDocumentedOnes() async throws {
        let harness = try Harness([Self.paid, Self.refunds(), Self.done])
        let call = TestCall.make(.refund, paymentID: "cs_/?é", cents: 250)
        let answer = try await harness.provider.execute(call)
        #expect(answer.reply?.result == .ok)
        #expect(answer.reply?.paymentID == "cs_/?é")
        let requests = harness.transport.requests
        #expect(requests.map(\.method) == ["GET", "GET", "POST"])
        #expect(
            requests.map(\.url) == [
                "https://stripe.test/v1/checkout/sessions/cs_%2F%3F%C3%A9?expand[]=payment_intent",
                "https://stripe.test/v1/refunds?payment_intent=pi_1&limit=100", "https://stripe.test/v1/refunds",
            ])
        #expect(requests.prefix(2).allSatisfy { $0.body == nil && $0.values("Idempotency-Key").isEmpty })
        #expect(requests.allSatisfy { $0.values("Authorization") == ["Bearer sk_test_private"] })
        #expect(requests.allSatisfy { $0.values("Stripe-Version") == ["2026-07-29.dahlia"] })
        #expect(requests.last?.values("Idempotency-Key") == [TestCall.key])
        #expect(requests.last?.values("Content-Type") == ["application/x-www-form-urlencoded"])
        #expect(requests.last?.bodyText == "payment_intent=pi_1&amount=250&" + Self.metadata)
    }

    @Test func withoutAmountStripeRefundsTheRest() async throws {
        let harness = try Harness([Self.paid, Self.refunds(StripeJSON.refund(amount: 100)), Self.done])
        #expect(try await refund(harness, cents: nil).result == .ok)
        #expect(
            harness.transport.requests.last?.bodyText == "payment_intent=pi_1&" + Self.metadata)
    }

    @Test func anExpandedPaymentIntentIsReadByItsID() async throws {
        let session = StripeJSON.session(intent: #"{"id":"pi_9","status":"succeeded"}"#)
        let harness = try Harness([.json(200, session), Self.refunds(), Self.done])
        _ = try await refund(harness, cents: 250)
        #expect(harness.transport.requests[1].url.contains("payment_intent=pi_9&"))
        #expect(harness.transport.requests[2].bodyText?.hasPrefix("payment_intent=pi_9&") == true)
    }

    @Test(arguments: [
        ("succeeded", PaymentResult.ok), ("pending", .pending), ("requires_action", .pending), ("failed", .ko),
        ("canceled", .ko), ("invented", .pending),
    ])
    func eachStatusOfARefundHasItsResult(status: String, result: PaymentResult) async throws {
        let answer = ScriptedTransport.Answer.json(200, StripeJSON.refund(status: status))
        let harness = try Harness([Self.paid, Self.refunds(), answer])
        let reply = try await refund(harness, cents: 100)
        #expect(reply.result == result)
        #expect(reply.paymentID == "cs_1")
        #expect(reply.resultDescription == "Refund \(status)")
    }

    @Test func aFailedRefundTellsItsReason() async throws {
        let answer = ScriptedTransport.Answer.json(200, StripeJSON.refund(status: "failed", failure: "expired_card"))
        let harness = try Harness([Self.paid, Self.refunds(), answer])
        #expect(try await refund(harness, cents: 100).resultDescription == "Refund failed: expired_card")
    }

    @Test(
        arguments: [
            // what was refunded before, what is asked, whether Stripe is asked
            ([], 1, true), ([], 500, true), ([], 501, false), ([200], 300, true), ([200], 301, false),
            ([200, 299], 1, true),
            ([200, 299], 2, false), ([500], 1, false), ([500], nil, false), ([200], nil, true), ([600], 1, false),
            ([], Int64.max, false), ([Int64.max], 1, false), ([Int64.max, Int64.max], 1, true),
        ] as [([Int64], Int64?, Bool)])
    func noCentMoreThanWhatIsLeftIsRefunded(before: [Int64], asked: Int64?, isSent: Bool) async throws {
        let list = before.enumerated().map { StripeJSON.refund("re_\($0.offset)", amount: $0.element) }
        let answers = [Self.paid, .json(200, StripeJSON.list(list))] + (isSent ? [Self.done] : [])
        let harness = try Harness(answers)
        let reply = try await refund(harness, cents: asked)
        #expect(reply.result == (isSent ? .ok : .ko))
        #expect(harness.transport.requests.count == (isSent ? 3 : 2))
        #expect(reply.paymentID == "cs_1")
    }

    @Test(arguments: [
        ("succeeded", false), ("pending", false), ("requires_action", false), ("failed", true), ("canceled", true),
    ])
    func onlyRefundsThatHoldCountAgainstTheRest(status: String, isSent: Bool) async throws {
        let earlier = Self.refunds(StripeJSON.refund(amount: 500, status: status))
        let harness = try Harness([Self.paid, earlier] + (isSent ? [Self.done] : []))
        #expect(try await refund(harness, cents: 500).result == (isSent ? .ok : .ko))
    }

    @Test func theRefusalTellsWhatIsLeft() async throws {
        let harness = try Harness([Self.paid, Self.refunds(StripeJSON.refund(amount: 123))])
        let text = try await refund(harness, cents: 500).resultDescription
        #expect(text == "Refund of 5.00 exceeds the 3.77 that is left of the payment")
    }

    @Test func withoutATotalStripeDecides() async throws {
        let session = ScriptedTransport.Answer.json(200, StripeJSON.session(total: "null"))
        let refusal = StripeJSON.error("invalid_request_error", code: "charge_already_refunded", message: "gone")
        let harness = try Harness([session, Self.refunds(), .json(400, refusal)])
        let reply = try await refund(harness, cents: 99_999)
        #expect(reply.result == .ko)
        #expect(reply.resultDescription == "charge_already_refunded: gone")
        #expect(reply.paymentID == "cs_1")
    }

    @Test(arguments: [
        StripeJSON.session(status: "open", payment: "unpaid", intent: "null"),
        StripeJSON.session(status: "open", payment: "unpaid"), StripeJSON.session(status: "expired", payment: "unpaid"),
        StripeJSON.session(payment: "unpaid"), StripeJSON.session(payment: "no_payment_required", intent: "null"),
    ])
    func whatWasNotPaidIsNotRefunded(session: String) async throws {
        let harness = try Harness([.json(200, session)])
        let reply = try await refund(harness, cents: 100)
        #expect(reply.result == .ko)
        #expect(harness.transport.requests.count == 1)
    }

    @Test(arguments: [
        StripeJSON.session(payment: "paid", intent: "null"), StripeJSON.session(payment: nil),
        StripeJSON.session(payment: "invented"),
    ])
    func aSessionOfUnknownStateIsNoRefusal(session: String) async throws {
        let harness = try Harness([.json(200, session)])
        let failure = await FailureShape.of { () async throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.make(.refund, paymentID: "cs_1", cents: 100))
        }
        #expect(failure == FailureShape(.unusableAnswer, effect: false, transient: false))
        #expect(harness.transport.requests.count == 1)
    }

    @Test func refundIsNotSentTwiceWhenTheAnswerWasLost() async throws {
        let own = StripeJSON.refund("re_own", amount: 500, refundID: TestCall.key)
        let harness = try Harness([Self.paid, Self.refunds(StripeJSON.refund(amount: 100), own)])
        #expect(try await refund(harness, cents: 500).result == .ok)
        #expect(harness.transport.requests.allSatisfy { $0.method == "GET" })
    }

    @Test func anOwnRefundThatFailedIsNotMadeAgain() async throws {
        let own = StripeJSON.refund("re_own", status: "failed", refundID: TestCall.key)
        let harness = try Harness([Self.paid, Self.refunds(own)])
        #expect(try await refund(harness, cents: 100).result == .ko)
    }

    @Test func theOwnRefundIsFoundOnALaterPage() async throws {
        let own = StripeJSON.refund("re_3", refundID: TestCall.key)
        let harness = try Harness([
            Self.paid,
            Self.refunds(StripeJSON.refund("re_1", amount: 1), StripeJSON.refund("re_2", amount: 1), hasMore: true),
            Self.refunds(own),
        ])
        #expect(try await refund(harness, cents: 100).result == .ok)
        #expect(
            harness.transport.requests.last?.url
                == "https://stripe.test/v1/refunds?payment_intent=pi_1&limit=100&starting_after=re_2")
    }

    @Test func theRefundsOfAllPagesCount() async throws {
        let harness = try Harness([
            Self.paid, Self.refunds(StripeJSON.refund("re_1", amount: 250), hasMore: true),
            Self.refunds(StripeJSON.refund("re_2", amount: 250)),
        ])
        #expect(try await refund(harness, cents: 1).resultDescription == "The payment is refunded completely")
    }

    @Test func endlessPagesEndInAFailureWithoutEffect() async throws {
        let page = Self.refunds(StripeJSON.refund(amount: 1), hasMore: true)
        let pages = Array(repeating: page, count: StripeClient.refundPagesMax)
        let harness = try Harness([Self.paid] + pages)
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.make(.refund, paymentID: "cs_1", cents: 1))
        }
        #expect(failure == FailureShape(.unusableAnswer, effect: false, transient: false))
        #expect(harness.transport.isExhausted)
    }

    @Test func anEmptyPageThatPromisesMoreIsTheLast() async throws {
        let harness = try Harness([Self.paid, Self.refunds(hasMore: true), Self.done])
        #expect(try await refund(harness, cents: 1).result == .ok)
    }

    @Test func aRefundNeedsThePaymentID() async throws {
        let harness = try Harness()
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.make(.refund, shop: "ORDER-42", cents: 1))
        }
        #expect(failure == FailureShape(.requestRefused, effect: false, transient: false))
    }
}
