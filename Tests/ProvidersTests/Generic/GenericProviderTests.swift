import Shared
import Testing

@testable import Providers

/// Answers of the demonstration provider.
enum GenericJSON {
    static func payment(
        status: String = "captured", method: String = "card", more: String = "", id: String = "p_1"
    ) -> String {
        """
        {"id":"\(id)","status":"\(status)","amount":500,"currency":"EUR","reference":"ORDER-42",
        "method":"\(method)"\(more)}
        """
    }

    static func refund(_ reference: String = TestCall.key, status: String = "succeeded") -> String {
        """
        {"id":"r_1","paymentId":"p_1","amount":100,"status":"\(status)","refundReference":"\(reference)"}
        """
    }

    static func list(_ elements: String...) -> String { "{\"data\":[\(elements.joined(separator: ","))]}" }

    static func error(_ code: String, message: String = "no") -> String {
        "{\"error\":{\"code\":\"\(code)\",\"message\":\"\(message)\"}}"
    }
}

@Suite struct GenericProviderTests {
    private typealias Harness = ProviderHarness<GenericProvider>

    private static let refund = TestCall.make(.refund, paymentID: "p_1", cents: 100)

    @Test func thePayRequestIsExact() async throws {
        let harness = try Harness([.json(201, GenericJSON.payment())])
        var call = TestCall.pay(method: "pay-pal")
        call.trace = TraceContext(traceParent: TestCall.traceParent, traceState: "a=b")
        _ = try await harness.provider.execute(call)
        let request = try #require(harness.transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://generic.test/v1/payments")
        #expect(
            request.headers == [
                .init("Authorization", "Bearer generic-api-key"), .init("traceparent", TestCall.traceParent),
                .init("tracestate", "a=b"),
                .init("Content-Type", "application/json"), .init("Idempotency-Key", TestCall.key),
            ])
        #expect(
            request.bodyText == """
                {"amount":500,"attemptReference":"\(TestCall.key)","callbackMethod":"POST",\
                "callbackUrl":"https://gw.example.com/generic-provider/callback","capture":"automatic",\
                "currency":"EUR","failureUrl":"https://shop.example/no","method":"paypal",\
                "reference":"ORDER-42","successUrl":"https://shop.example/ok?a=b&c=d"}
                """)
    }

    @Test func theCardTokenIsPassedOn() async throws {
        let harness = try Harness([.json(201, GenericJSON.payment())])
        let body: [String: JSONValue] = ["creditCardToken": .string("OK-1")]
        _ = try await harness.provider.execute(
            TestCall.make(.pay, method: "credit-cards", shop: "A", cents: 1, body: body))
        let text = try #require(harness.transport.requests.first?.bodyText)
        #expect(text.contains("\"token\":\"OK-1\""))
        #expect(text.contains("\"method\":\"card\""))
    }

    @Test(arguments: [
        ("captured", "", PaymentResult.ok), ("authorized", "", .ok), ("pending", "", .pending),
        ("pending", ",\"pageUrl\":\"https://p\"", .redirectToURL), ("declined", "", .ko), ("expired", "", .ko),
        ("voided", "", .ko), ("invented", "", .pending), ("captured", ",\"pageUrl\":\"https://p\"", .ok),
    ])
    func eachStatusOfAPaymentHasItsResult(status: String, more: String, result: PaymentResult) async throws {
        let harness = try Harness([.json(201, GenericJSON.payment(status: status, more: more))])
        let reply = try #require(try await harness.provider.execute(TestCall.pay()).reply)
        #expect(reply.result == result)
        #expect(reply.paymentID == "p_1")
        #expect((reply.redirectToUrl == "https://p") == (result == .redirectToURL))
    }

    @Test func theRefundRequestIsExact() async throws {
        let harness = try Harness([
            .json(200, GenericJSON.payment(id: "p/1")), .json(201, GenericJSON.refund()),
        ])
        let call = TestCall.make(.refund, paymentID: "p/1", cents: 100)
        #expect(try await harness.provider.execute(call).reply?.result == .ok)
        let requests = harness.transport.requests
        #expect(requests.map(\.method) == ["GET", "POST"])
        #expect(
            requests.map(\.url) == [
                "https://generic.test/v1/payments/p%2F1", "https://generic.test/v1/payments/p%2F1/refunds",
            ])
        #expect(requests[0].values("Idempotency-Key").isEmpty)
        #expect(requests[1].values("Idempotency-Key") == [TestCall.key])
        #expect(requests[1].bodyText == "{\"amount\":100,\"refundReference\":\"\(TestCall.key)\"}")
    }

    @Test(arguments: [("succeeded", PaymentResult.ok), ("failed", .ko), ("pending", .pending), ("invented", .pending)])
    func eachStatusOfARefundHasItsResult(status: String, result: PaymentResult) async throws {
        let harness = try Harness([.json(200, GenericJSON.payment()), .json(201, GenericJSON.refund(status: status))])
        #expect(try await harness.provider.execute(Self.refund).reply?.result == result)
    }

    @Test func aRefundByTheMerchantsIdentifierTakesTheNewestPayment() async throws {
        let list = GenericJSON.list(GenericJSON.payment(id: "p_9"), GenericJSON.payment(id: "p_8"))
        let harness = try Harness([.json(200, list), .json(201, GenericJSON.refund())])
        _ = try await harness.provider.execute(TestCall.make(.refund, shop: "A B&c", cents: 100))
        #expect(
            harness.transport.requests.map(\.url) == [
                "https://generic.test/v1/payments?reference=A%20B%26c",
                "https://generic.test/v1/payments/p_9/refunds",
            ])
        let unknown = try Harness([.json(200, GenericJSON.list())])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await unknown.provider.execute(TestCall.make(.refund, shop: "A", cents: 100))
        }
        #expect(failure == FailureShape(.unknownTransaction, effect: false, transient: false))
    }

    @Test(arguments: [400, 409, 422])
    func aDefiniteRefusalIsKO(statusCode: Int) async throws {
        let refusal = ScriptedTransport.Answer.json(statusCode, GenericJSON.error("amount", message: "too much"))
        let pay = try #require(try await Harness([refusal]).provider.execute(TestCall.pay()).reply)
        #expect(pay.result == .ko)
        #expect(pay.resultDescription == "too much")
        let harness = try Harness([.json(200, GenericJSON.payment()), refusal])
        let reply = try #require(try await harness.provider.execute(Self.refund).reply)
        #expect(reply.result == .ko)
        #expect(reply.paymentID == "p_1")
    }

    @Test(arguments: [
        (401, "", FailureShape(.credentialsRefused, effect: false, transient: false)),
        (403, "", FailureShape(.credentialsRefused, effect: false, transient: false)),
        (404, "", FailureShape(.unknownTransaction, effect: false, transient: false)),
        (409, GenericJSON.error("idempotency_in_progress"), FailureShape(.stillRunning, effect: true, transient: true)),
        (422, GenericJSON.error("idempotency_mismatch"), FailureShape(.requestRefused, effect: true, transient: false)),
        (429, "", FailureShape(.throttled, effect: false, transient: true)),
        (500, "", FailureShape(.providerError, effect: true, transient: true)),
        (503, "<html>", FailureShape(.providerError, effect: true, transient: true)),
        (200, "", FailureShape(.unusableAnswer, effect: true, transient: false)),
        (201, "", FailureShape(.unusableAnswer, effect: true, transient: false)),
        (201, "{\"id\":1}", FailureShape(.unusableAnswer, effect: true, transient: false)),
        (201, String(repeating: "[", count: 100_000), FailureShape(.unusableAnswer, effect: true, transient: false)),
        (302, "", FailureShape(.unusableAnswer, effect: true, transient: false)),
        (408, "", FailureShape(.unusableAnswer, effect: true, transient: false)),
        (-1, "", FailureShape(.unusableAnswer, effect: true, transient: false)),
    ])
    func aFailureIsNeverKOAndTellsWhatIsKnown(statusCode: Int, body: String, expected: FailureShape) async throws {
        let fault = ScriptedTransport.Answer.json(statusCode, body)
        let pay = try Harness([fault])
        #expect(
            await FailureShape.of { () throws(ProviderFailure) in try await pay.provider.execute(TestCall.pay()) }
                == expected)
        let refund = try Harness([.json(200, GenericJSON.payment()), fault])
        #expect(
            await FailureShape.of { () throws(ProviderFailure) in try await refund.provider.execute(Self.refund) }
                == expected)
        let read = try Harness([fault])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await read.provider.observe(TestCall.make(.status, paymentID: "p_1"))
        }
        #expect(failure?.mayHaveHadEffect == false)
    }

    @Test(arguments: StripeFault.transports)
    func aConnectionThatFailsTellsWhatIsKnown(fault: StripeFault) async throws {
        let harness = try Harness([fault.answer])
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.execute(TestCall.pay())
        }
        #expect(failure == fault.effect)
    }

    @Test(arguments: [
        ("captured", "card", PaymentStatus.accepted, "CREDITCARD"), ("authorized", "paypal", .accepted, "PAYPAL"),
        ("pending", "card", .pending, "CREDITCARD"), ("declined", "card", .failed, "CREDITCARD"),
        ("expired", "card", .failed, "CREDITCARD"), ("voided", "card", .failed, "CREDITCARD"),
        ("invented", "card", .pending, "CREDITCARD"),
    ])
    func eachStatusIsObserved(status: String, method: String, expected: PaymentStatus, type: String) async throws {
        let more = ",\"recurrenceToken\":\"rt\",\"card\":{\"brand\":\"visa\",\"last4\":\"4242\"}"
        let body = GenericJSON.payment(status: status, method: method, more: more)
        let harness = try Harness([.json(200, body)])
        let observation = try await harness.provider.observe(TestCall.make(.check, paymentID: "p_1"))
        #expect(observation.status == expected)
        #expect(observation.paymentType == type)
        #expect(observation.token == "rt")
        #expect(observation.cardInformation?["last4"]?.stringValue == "4242")
        #expect(observation.amount == Money(minorUnits: 500))
        #expect(observation.reference == PaymentReference(shopTransactionID: "ORDER-42", paymentID: "p_1"))
    }

    @Test func incompleteOrUnknownCallsSendNothing() async throws {
        let harness = try Harness()
        let calls = [
            TestCall.make(.pay, shop: "A"), TestCall.make(.pay, cents: 1), TestCall.make(.refund, paymentID: "p_1"),
            TestCall.make(.confirm, shop: "A", paymentID: "p_1"), TestCall.make(.status, paymentID: "p_1"),
        ]
        for call in calls {
            let failure = await FailureShape.of { () throws(ProviderFailure) in
                try await harness.provider.execute(call)
            }
            #expect(failure == FailureShape(.requestRefused, effect: false, transient: false))
        }
        #expect(harness.transport.requests.isEmpty)
    }

    @Test func reconcilingReadsAndSendsNothing() async throws {
        let own = ",\"attemptReference\":\"\(TestCall.key)\""
        let list = GenericJSON.list(GenericJSON.payment(status: "declined"), GenericJSON.payment(more: own))
        let found = try Harness([.json(200, list)])
        #expect(try await found.provider.reconcile(TestCall.pay())?.reply?.result == .ok)
        let missing = try Harness([.json(200, GenericJSON.list(GenericJSON.payment()))])
        #expect(try await missing.provider.reconcile(TestCall.pay()) == nil)
        let payment = ScriptedTransport.Answer.json(200, GenericJSON.payment())
        let refunds = GenericJSON.list(GenericJSON.refund("a"), GenericJSON.refund())
        let refunded = try Harness([payment, .json(200, refunds)])
        #expect(try await refunded.provider.reconcile(Self.refund)?.reply?.result == .ok)
        let other = try Harness([payment, .json(200, GenericJSON.list(GenericJSON.refund("a")))])
        #expect(try await other.provider.reconcile(Self.refund) == nil)
        for harness in [found, missing, refunded, other] {
            #expect(harness.transport.requests.allSatisfy { $0.method == "GET" && $0.body == nil })
            #expect(harness.transport.isExhausted)
        }
        let idle = try Harness()
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await idle.provider.reconcile(TestCall.make(.confirm))
        }
        #expect(failure == FailureShape(.requestRefused, effect: true, transient: false))
    }
}
