import Shared
import Testing

@testable import Providers

/// Calls of Stripe whose answer was lost and whose key is gone.
@Suite struct StripeRecoveryTests {
    private typealias Gateway = SimulatedGateway<StripeProvider>
    private typealias Harness = ProviderHarness<StripeProvider>
    private typealias Answer = ScriptedTransport.Answer

    private static let paid = Answer.json(200, StripeJSON.session())
    private static let refund = TestCall.make(.refund, paymentID: "cs_1", cents: 100)
    private static let own = StripeJSON.refund("re_own", refundID: TestCall.key)

    private static func refunds(_ refunds: String..., hasMore: Bool = false) -> Answer {
        .json(200, StripeJSON.list(refunds, hasMore: hasMore))
    }

    private static func cancel(_ type: String, _ paymentID: String = "cs_1") -> ProviderCall {
        var body: [String: JSONValue] = ["cancelType": .string(type)]
        if type == "atDay" { body["cancelTime"] = .string("31/12/2026") }
        return TestCall.make(.payRecurrentExpire, paymentID: paymentID, body: body)
    }

    /// What is found by reading alone; the answers must be used up.
    private func found(_ call: ProviderCall, _ answers: [Answer]) async throws -> PaymentReply? {
        let harness = try Harness(answers)
        let answer = try await harness.provider.reconcile(call)
        #expect(harness.transport.requests.allSatisfy { $0.method == "GET" && $0.body == nil })
        #expect(harness.transport.isExhausted)
        return answer?.reply
    }

    private func isUndecided(_ call: ProviderCall, _ answers: [Answer]) async throws -> Bool {
        let harness = try Harness(answers)
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.reconcile(call)
        }
        #expect(harness.transport.requests.allSatisfy { $0.method == "GET" })
        return failure?.mayHaveHadEffect == true
    }

    @Test func theKeyOutlivesItsUse() throws {
        for operation in StripeProvider.description.operations where operation.effect != .none {
            let recovery = try Harness().provider.recovery(of: operation.operation)
            guard case .repeatUnderKey(let life, let keepsErrors) = recovery else {
                Issue.record("Stripe's keys are not used")
                return
            }
            #expect(life < .seconds(24 * 3600))
            // A 500 is given again and again under its key.
            #expect(keepsErrors)
        }
    }

    @Test func aSessionWhoseAddressWasLostIsAsIfItHadNeverBeen() async throws {
        #expect(try await found(TestCall.pay(), []) == nil)
        #expect(try await found(TestCall.make(.payRecurrent, shop: "A", cents: 1), []) == nil)
    }

    @Test func whileTheKeyLivesALostSessionIsGivenAgain() async throws {
        let gateway = try Gateway(.stripe())
        let body = #"{"successRedirect":"https://a.example","failureRedirect":"https://b.example","amount":"7.50"}"#
        let call = try Gateway.call(.pay, body)
        gateway.line.lose(.answer)
        _ = await FailureShape.of { () throws(ProviderFailure) in try await gateway.provider.execute(call) }
        let again = try await gateway.provider.execute(call)
        #expect(try await gateway.provider.execute(call) == again)
        #expect(again.reply?.redirectToUrl != nil)
    }

    // MARK: Refunds

    @Test func theOwnRefundIsFoundWhereverItStands() async throws {
        let other = StripeJSON.refund()
        #expect(try await found(Self.refund, [Self.paid, Self.refunds(other, Self.own)])?.result == .ok)
        let pages = [Self.refunds(other, hasMore: true), Self.refunds(other, hasMore: true), Self.refunds(Self.own)]
        #expect(try await found(Self.refund, [Self.paid] + pages)?.result == .ok)
        // What comes after it is of no interest.
        #expect(try await found(Self.refund, [Self.paid, Self.refunds(Self.own, hasMore: true)])?.result == .ok)
    }

    @Test func onlyTheWholeListProvesThatThereIsNone() async throws {
        let other = StripeJSON.refund()
        #expect(try await found(Self.refund, [Self.paid, Self.refunds()]) == nil)
        let pages = [Self.refunds(other, hasMore: true), Self.refunds(other)]
        #expect(try await found(Self.refund, [Self.paid] + pages) == nil)
        for broken in [
            Self.refunds(hasMore: true), .json(200, "{\"data\":[\(other)]}"), .json(500, "{}"), .json(404, "{}"),
        ] {
            #expect(try await isUndecided(Self.refund, [Self.paid, broken]))
            #expect(try await isUndecided(Self.refund, [Self.paid, Self.refunds(other, hasMore: true), broken]))
        }
        let endless = Array(repeating: Self.refunds(other, hasMore: true), count: StripeClient.refundPagesMax)
        #expect(try await isUndecided(Self.refund, [Self.paid] + endless))
    }

    @Test func whatWasNotPaidWasNotRefunded() async throws {
        for state in ["unpaid", "no_payment_required"] {
            let session = Answer.json(200, StripeJSON.session(payment: state, intent: "null"))
            #expect(try await found(Self.refund, [session]) == nil)
        }
        for state in ["paid", "invented"] {
            let session = Answer.json(200, StripeJSON.session(payment: state, intent: "null"))
            #expect(try await isUndecided(Self.refund, [session]))
        }
    }

    @Test func everyPaymentOfABillIsSearched() async throws {
        let session = Answer.json(
            200,
            StripeJSON.session(intent: "null").replacing(
                "\"currency\"", with: #""mode":"subscription","subscription":"sub_1","invoice":"in_1","currency""#))
        let payments = { (more: Bool) in
            Answer.json(
                200,
                """
                {"data":[{"payment":{"payment_intent":"pi_2"}},{"payment":{"charge":"ch_1"}}],"has_more":\(more)}
                """)
        }
        let none = Self.refunds()
        #expect(
            try await found(Self.refund, [session, payments(false), none, Self.refunds(Self.own)])?.result == .ok)
        #expect(try await found(Self.refund, [session, payments(false), none, none]) == nil)
        #expect(try await isUndecided(Self.refund, [session, payments(true), none, none]))
        let odd = Answer.json(200, #"{"data":[{"payment":{"type":"payment_record"}}],"has_more":false}"#)
        #expect(try await isUndecided(Self.refund, [session, odd]))
    }

    @Test func theLatestBillMayBeAnotherThanTheOneThatWasRefunded() async throws {
        let session = Answer.json(
            200,
            StripeJSON.session(intent: "null").replacing(
                "\"currency\"", with: #""mode":"subscription","subscription":"sub_1","currency""#))
        let subscription = Answer.json(200, #"{"id":"sub_1","latest_invoice":"in_2"}"#)
        let payments = Answer.json(200, #"{"data":[{"payment":{"payment_intent":"pi_2"}}],"has_more":false}"#)
        let start = [session, subscription, payments]
        #expect(try await found(Self.refund, start + [Self.refunds(Self.own)])?.result == .ok)
        #expect(try await isUndecided(Self.refund, start + [Self.refunds()]))
    }

    @Test func refundsOfEqualAmountAreToldAlsoWhenTheyFillPages() async throws {
        let gateway = try Gateway(.stripe())
        let pay = #"{"successRedirect":"https://a.example","failureRedirect":"https://b.example","amount":"7.50"}"#
        let paymentID = try #require(try await gateway.reply(.pay, pay).paymentID)
        try #require(gateway.wire.press(paymentID, "pay"))
        let body = "{\"paymentID\":\"\(paymentID)\",\"amount\":\"0.01\"}"
        let (lost, never) = (try Gateway.call(.refund, body), try Gateway.call(.refund, body))
        gateway.line.lose(.answer)
        _ = await FailureShape.of { () throws(ProviderFailure) in try await gateway.provider.execute(lost) }
        for _ in 0..<120 { try #require(try await gateway.reply(.refund, body).result == .ok) }
        _ = gateway.line.take()
        #expect(try await gateway.provider.reconcile(lost)?.reply?.result == .ok)
        #expect(try await gateway.provider.reconcile(never) == nil)
        #expect(gateway.line.take().filter { $0.url.contains("starting_after=") }.count == 2)
    }

    // MARK: What ends

    @Test(arguments: [("open", nil), ("expired", PaymentResult.ok), ("complete", .ko)])
    func theSessionsStateTellsOfItsExpiry(status: String, result: PaymentResult?) async throws {
        let call = TestCall.make(.payExpire, paymentID: "cs_1")
        let reply = try await found(call, [.json(200, StripeJSON.session(status: status))])
        #expect(reply?.result == result)
        #expect(reply == nil || reply?.shopTransactionID == "ORDER-42")
        #expect(try await isUndecided(call, [.json(200, StripeJSON.session(status: "invented"))]))
        #expect(try await isUndecided(call, [.json(404, StripeJSON.error("invalid_request_error"))]))
    }

    @Test(arguments: [
        ("now", "active", "", nil), ("now", "canceled", "", PaymentResult.ok), ("now", "incomplete_expired", "", .ok),
        ("endOfPeriod", "active", "", nil), ("endOfPeriod", "active", #","cancel_at_period_end":true"#, .ok),
        // That date may have been asked for by an earlier call.
        ("endOfPeriod", "active", #","cancel_at":1798757999"#, nil), ("endOfPeriod", "canceled", "", .ok),
        ("atDay", "active", #","cancel_at":1798757999"#, .ok), ("atDay", "active", #","cancel_at":1798758000"#, nil),
        ("atDay", "active", #","cancel_at_period_end":true"#, nil), ("atDay", "canceled", "", .ok),
    ])
    func theSubscriptionsStateTellsOfItsEnd(
        type: String, status: String, more: String, result: PaymentResult?
    ) async throws {
        let subscription = Answer.json(
            200, "{\"id\":\"sub_1\",\"status\":\"\(status)\",\"metadata\":{\"shopTransactionId\":\"P\"}\(more)}")
        let session = Answer.json(200, #"{"id":"cs_1","mode":"subscription","subscription":"sub_1"}"#)
        let replies = [
            try await found(Self.cancel(type), [session, subscription]),
            try await found(Self.cancel(type, "sub_1"), [subscription]),
        ]
        #expect(replies.map { $0?.result } == [result, result])
        #expect(replies.allSatisfy { $0 == nil || $0?.shopTransactionID == "P" })
    }

    @Test func aSubscriptionThatNeverBeganIsToldByItsSession() async throws {
        let session = { (mode: String, status: String) in
            Answer.json(200, "{\"id\":\"cs_1\",\"mode\":\"\(mode)\",\"status\":\"\(status)\"}")
        }
        #expect(try await found(Self.cancel("now"), [session("subscription", "open")]) == nil)
        #expect(try await found(Self.cancel("now"), [session("subscription", "expired")])?.result == .ok)
        #expect(try await found(Self.cancel("now"), [session("payment", "complete")])?.result == .ko)
        #expect(try await isUndecided(Self.cancel("now"), [session("subscription", "complete")]))
    }

    // MARK: Keys that were used before

    @Test(arguments: [
        TestCall.make(.payExpire, paymentID: "cs_1"), cancel("endOfPeriod", "sub_1"), cancel("atDay", "sub_1"),
        TestCall.pay(),
    ])
    func aKeyThatWasUsedOtherwiseIsNoRefusal(call: ProviderCall) async throws {
        let harness = try Harness([.json(400, StripeJSON.error("idempotency_error"))])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(call)
        }
        #expect(failure == FailureShape(.requestRefused, effect: true, transient: false))
    }
}
