import Shared
import Testing

@testable import Providers

/// One way in which Stripe gives no usable answer, and what is known after it of a call that changes something.
struct StripeFault: Sendable {
    var answer: ScriptedTransport.Answer
    var effect: FailureShape

    init(
        _ statusCode: Int, body: String = "", headers: [String: String] = [:], _ code: ProviderFailure.Code,
        effect: Bool, transient: Bool
    ) {
        self.answer = .json(statusCode, body, headers)
        self.effect = FailureShape(code, effect: effect, transient: transient)
    }

    init(
        _ code: OutgoingFailure.Code, sent: Bool, _ result: ProviderFailure.Code, effect: Bool, transient: Bool
    ) {
        self.answer = .failure(code, mayHaveBeenSent: sent)
        self.effect = FailureShape(result, effect: effect, transient: transient)
    }

    private static let yes = ["stripe-should-retry": "true"]
    private static let no = ["stripe-should-retry": "FALSE"]
    private static let conflict = StripeJSON.error("invalid_request_error", code: "idempotency_key_in_use")
    private static let mismatch = StripeJSON.error("idempotency_error")
    private static let lock = StripeJSON.error("invalid_request_error", code: "lock_timeout")

    static let answers: [StripeFault] = [
        StripeFault(
            401, body: StripeJSON.error("invalid_request_error"), .credentialsRefused, effect: false, transient: false),
        StripeFault(403, .credentialsRefused, effect: false, transient: false),
        StripeFault(404, .unknownTransaction, effect: false, transient: false),
        StripeFault(408, .noAnswer, effect: true, transient: true),
        StripeFault(409, body: conflict, .stillRunning, effect: true, transient: true),
        StripeFault(409, body: conflict, headers: no, .stillRunning, effect: true, transient: false),
        StripeFault(400, body: mismatch, .requestRefused, effect: true, transient: false),
        StripeFault(429, body: lock, .throttled, effect: false, transient: true),
        StripeFault(429, .throttled, effect: false, transient: true),
        StripeFault(429, headers: no, .throttled, effect: false, transient: false),
        StripeFault(500, body: StripeJSON.error("api_error"), .providerError, effect: true, transient: true),
        StripeFault(500, headers: no, .providerError, effect: true, transient: false),
        StripeFault(502, body: "<html>", .providerError, effect: true, transient: true),
        StripeFault(503, .providerError, effect: true, transient: true),
        StripeFault(504, headers: yes, .providerError, effect: true, transient: true),
        StripeFault(
            400, body: StripeJSON.error("invalid_request_error"), headers: yes, .providerError, effect: true,
            transient: true),
        StripeFault(402, headers: yes, .providerError, effect: true, transient: true),
        StripeFault(302, .unusableAnswer, effect: true, transient: false),
        StripeFault(204, .unusableAnswer, effect: true, transient: false),
        StripeFault(100, .unusableAnswer, effect: true, transient: false),
        StripeFault(999, .unusableAnswer, effect: true, transient: false),
        StripeFault(-1, .unusableAnswer, effect: true, transient: false),
    ]

    static let transports: [StripeFault] = [
        StripeFault(.invalidRequest, sent: false, .requestRefused, effect: false, transient: false),
        StripeFault(.connectionFailed, sent: false, .unreachable, effect: false, transient: true),
        StripeFault(.connectTimeout, sent: false, .unreachable, effect: false, transient: true),
        StripeFault(.timeout, sent: true, .noAnswer, effect: true, transient: true),
        StripeFault(.timeout, sent: false, .noAnswer, effect: false, transient: true),
        StripeFault(.connectionClosed, sent: true, .noAnswer, effect: true, transient: true),
        StripeFault(.cancelled, sent: true, .noAnswer, effect: true, transient: true),
        StripeFault(.other, sent: true, .noAnswer, effect: true, transient: true),
        StripeFault(.answerTooLarge, sent: true, .unusableAnswer, effect: true, transient: false),
    ]
}

@Suite struct StripeFailureTests {
    private static let paid = ScriptedTransport.Answer.json(200, StripeJSON.session())
    private static let noRefunds = ScriptedTransport.Answer.json(200, StripeJSON.list([]))
    private static let refund = TestCall.make(.refund, paymentID: "cs_1", cents: 100)

    @Test(arguments: StripeFault.answers + StripeFault.transports)
    func aFailedPayIsNeverKOAndTellsWhatIsKnown(fault: StripeFault) async throws {
        let harness = try ProviderHarness<StripeProvider>([fault.answer])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.pay())
        }
        #expect(failure == fault.effect)
    }

    @Test(arguments: StripeFault.answers + StripeFault.transports)
    func aFailedRefundIsNeverKOAndTellsWhatIsKnown(fault: StripeFault) async throws {
        let harness = try ProviderHarness<StripeProvider>([Self.paid, Self.noRefunds, fault.answer])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(Self.refund)
        }
        #expect(failure == fault.effect)
        #expect(harness.transport.isExhausted)
    }

    @Test(arguments: StripeFault.answers + StripeFault.transports)
    func aFailedReadLeavesNoEffectBehind(fault: StripeFault) async throws {
        for answers in [[fault.answer], [Self.paid, fault.answer]] {
            let harness = try ProviderHarness<StripeProvider>(answers)
            let failure = await FailureShape.of { () throws(ProviderFailure) in
                try await harness.provider.execute(Self.refund)
            }
            var expected = fault.effect
            expected.mayHaveHadEffect = false
            #expect(failure == expected)
            #expect(harness.transport.requests.allSatisfy { $0.method == "GET" })
        }
        let harness = try ProviderHarness<StripeProvider>([fault.answer])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.observe(TestCall.make(.status, paymentID: "cs_1"))
        }
        #expect(failure?.mayHaveHadEffect == false)
    }

    @Test func aRefusedReadIsAFailureWithoutStripesWords() async throws {
        let body = StripeJSON.error("invalid_request_error", message: "SENTINEL")
        let harness = try ProviderHarness<StripeProvider>([.json(400, body)])
        let failure = await #expect(throws: ProviderFailure.self) {
            try await harness.provider.observe(TestCall.make(.status, paymentID: "cs_1"))
        }
        #expect(failure?.code == .requestRefused)
        #expect(failure?.explanation.contains("SENTINEL") == false)
    }

    @Test(
        arguments: [
            ("7", Duration.seconds(7)), ("0", .zero), ("999999999", .seconds(3600)), ("-1", nil), ("soon", nil),
            ("99999999999999999999", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil),
        ] as [(String, Duration?)])
    func theWaitThatStripeAsksForIsBounded(text: String, expected: Duration?) async throws {
        for statusCode in [429, 503] {
            let harness = try ProviderHarness<StripeProvider>([.json(statusCode, "", ["retry-after": text])])
            let failure = await #expect(throws: ProviderFailure.self) {
                try await harness.provider.execute(TestCall.pay())
            }
            #expect(failure?.retryAfter == expected)
        }
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "{", "\u{0}", "\"x\"", "{\"id\":1}", "{\"id\":null}", "{\"id\":\"cs_1\",\"url\":7}",
        "{\"id\":\"cs_1\",\"amount_total\":1e400}", "{\"id\":\"cs_1\",\"amount_total\":\"5\"}",
        "{\"id\":\"cs_1\",\"amount_total\":1.5}", "{\"id\":\"cs_1\",\"payment_intent\":[]}",
        "{\"id\":\"cs_1\",\"payment_intent\":{}}", "{\"id\":\"cs_1\",\"metadata\":[1]}",
        "{\"id\":\"cs_1\",\"metadata\":{\"a\":1}}", String(repeating: "[", count: 100_000),
        "{\"id\":\"cs_1\",\"amount_total\":\(String(repeating: "9", count: 10_000))}",
    ])
    func answersOfAnotherShapeNeverTrapAndAreNeverKO(body: String) async throws {
        let pay = try ProviderHarness<StripeProvider>([.json(200, body)])
        let payFailure = await FailureShape.of { () throws(ProviderFailure) in
            try await pay.provider.execute(TestCall.pay())
        }
        #expect(payFailure == FailureShape(.unusableAnswer, effect: true, transient: false))
        let read = try ProviderHarness<StripeProvider>([.json(200, body)])
        let readFailure = await FailureShape.of { () throws(ProviderFailure) in
            try await read.provider.observe(TestCall.make(.status, paymentID: "cs_1"))
        }
        #expect(readFailure == FailureShape(.unusableAnswer, effect: false, transient: true))
        let refund = try ProviderHarness<StripeProvider>([Self.paid, Self.noRefunds, .json(200, "[\(body)]")])
        let refundFailure = await FailureShape.of { () throws(ProviderFailure) in
            try await refund.provider.execute(Self.refund)
        }
        #expect(refundFailure == FailureShape(.unusableAnswer, effect: true, transient: false))
    }
}
