import Shared
import Testing

@testable import Providers

/// The same call sends the same bytes under the same key, whenever and by whichever process it is made.
@Suite struct DeterminismTests {
    typealias Answer = ScriptedTransport.Answer

    /// A call of one operation, with what the provider answers to it.
    struct Case: Sendable, CustomTestStringConvertible {
        var operation: Shared.Operation
        var body: String
        var answers: [Answer]
        var testDescription: String { operation.rawValue + " " + body }

        init(_ operation: Shared.Operation, _ body: String, _ answers: [Answer]) {
            self.operation = operation
            self.body = body
            self.answers = answers
        }
    }

    private static let made = Answer.json(201, GenericJSON.payment())
    private static let read = Answer.json(200, GenericJSON.payment())
    private static let reserved = GenericJSON.payment(status: "authorized")
    private static let refunded = Answer.json(201, GenericJSON.refund())
    private static let session = Answer.json(
        200, #"{"token":"gs_1","reference":"ORDER-42","status":"authorized","transactionId":"p_1","authCode":"1"}"#)
    private static let money = #""amount":"5.00","currency":"EUR","shopTransactionID":"ORDER-42""#

    static let generic: [Case] = [
        Case(.pay, #"{"amount":"5.00","shopTransactionID":"A","creditCardToken":"OK"}"#, [made]),
        Case(
            .payRecurrent,
            """
            {"amount":"5.00","shopTransactionID":"A","recurrenceDetails":
            {"isFirstInstallment":true,"expiresOn":"2030-01-01","installmentFrequencyInDays":30}}
            """, [made]),
        Case(.payExpire, #"{"paymentID":"p_1"}"#, [.json(201, GenericJSON.payment(status: "expired"))]),
        Case(
            .payRecurrentExpire, #"{"paymentID":"p_1","cancelType":"atDay","cancelTime":"31/12/2026"}"#,
            [.json(200, GenericJSON.payment(status: "pending")), .json(201, GenericJSON.payment(status: "expired"))]),
        Case(.confirm, #"{"amount":"5.00","paymentID":"p_1"}"#, [.json(200, reserved), made]),
        Case(
            .confirm, #"{"amount":"5.00","shopTransactionID":"A"}"#, [.json(200, GenericJSON.list(reserved)), made]),
        Case(.refund, #"{"amount":"1.00","paymentID":"p_1"}"#, [read, refunded]),
        Case(
            .refund, #"{"amount":"1.00","shopTransactionID":"A"}"#,
            [.json(200, GenericJSON.list(GenericJSON.payment())), refunded]),
        Case(.sessionOpen, "{\(money),\"userTokenId\":\"u\"}", [.json(201, #"{"token":"gs_1","orderId":"go_1"}"#)]),
        Case(.sessionConfirm, "{\(money),\"sessionToken\":\"gs_1\"}", [session, .json(200, reserved), made]),
        Case(
            .sessionVoid, "{\(money),\"sessionToken\":\"gs_1\"}",
            [session, .json(200, reserved), .json(201, GenericJSON.payment(status: "voided"))]),
        Case(.sessionRefund, "{\(money),\"transactionId\":\"p_1\"}", [read, refunded]),
    ]

    private static let open = Answer.json(
        200, StripeJSON.session(status: "open", payment: "unpaid", url: "\"https://checkout.test/1\""))
    private static let expired = Answer.json(200, StripeJSON.session(status: "expired", payment: "unpaid"))
    private static let subscribed = Answer.json(
        200, #"{"id":"cs_1","mode":"subscription","status":"complete","subscription":"sub_1"}"#)
    private static let redirects =
        #""successRedirect":"https://shop.example/ok","failureRedirect":"https://shop.example/no""#

    static let stripe: [Case] = [
        Case(.pay, "{\(redirects),\"amount\":\"5.00\"}", [open]),
        Case(
            .pay,
            """
            {\(redirects),"shopTransactionID":"A","products":[{"quantity":2,"priceId":"price_1"},
            {"quantity":1,"unitAmount":"1.50","productName":"b"}]}
            """, [open]),
        Case(.payRecurrent, "{\(redirects),\"amount\":\"5.00\",\"interval\":\"month\"}", [open]),
        Case(.payExpire, #"{"paymentID":"cs_1"}"#, [expired]),
        Case(
            .payRecurrentExpire, #"{"paymentID":"cs_1","cancelType":"now"}"#,
            [subscribed, .json(200, #"{"id":"sub_1","status":"canceled"}"#)]),
        Case(
            .payRecurrentExpire, #"{"paymentID":"cs_1","cancelType":"now"}"#,
            [
                .json(200, #"{"id":"cs_1","mode":"subscription","status":"open"}"#),
                .json(200, #"{"id":"cs_1","mode":"subscription","status":"expired"}"#),
            ]),
        Case(
            .payRecurrentExpire, #"{"paymentID":"cs_1","cancelType":"endOfPeriod"}"#,
            [subscribed, .json(200, #"{"id":"sub_1","cancel_at_period_end":true}"#)]),
        Case(
            .payRecurrentExpire, #"{"paymentID":"sub_1","cancelType":"atDay","cancelTime":"31/12/2026"}"#,
            [.json(200, #"{"id":"sub_1","cancel_at":1798757999}"#)]),
        Case(
            .refund, #"{"paymentID":"cs_1","amount":"1.00"}"#,
            [
                .json(200, StripeJSON.session()), .json(200, StripeJSON.list([])),
                .json(200, StripeJSON.refund()),
            ]),
        Case(
            .refund, #"{"paymentID":"cs_1"}"#,
            [
                .json(200, StripeJSON.session(intent: "null").replacing("\"currency\"", with: invoice)),
                .json(200, #"{"data":[{"payment":{"payment_intent":"pi_1"}}],"has_more":false}"#),
                .json(200, StripeJSON.list([])), .json(200, StripeJSON.refund()),
            ]),
    ]
    private static let invoice = #""mode":"subscription","subscription":"sub_1","invoice":"in_1","currency""#

    @Test func everyOperationThatChangesSomethingIsTried() {
        let cases = ["generic-provider": Self.generic, "stripe": Self.stripe]
        for description in ProviderRegistry.all.map({ $0.description }) {
            let changing = description.operations.filter { $0.effect != .none }.map(\.operation)
            #expect(Set(cases[description.name.value]?.map(\.operation) ?? []) == Set(changing))
        }
    }

    @Test(arguments: generic)
    func theDemonstrationProviderIsSentTheSameAgain(tried: Case) async throws {
        try await check(tried, of: GenericProvider.self)
    }

    @Test(arguments: stripe)
    func stripeIsSentTheSameAgain(tried: Case) async throws {
        try await check(tried, of: StripeProvider.self)
    }

    private func check<Provider: PaymentProvider>(_ tried: Case, of type: Provider.Type) async throws {
        var call = try SimulatedGateway<Provider>.call(tried.operation, tried.body)
        // Twice by one process, and once by another some time later.
        let first = try ProviderHarness<Provider>(tried.answers + tried.answers)
        let later = try ProviderHarness<Provider>(
            tried.answers, nowSeconds: ProviderHarness<Provider>.nowSeconds + 23 * 3600)
        let answer = try await first.provider.execute(call)
        call.trace = TraceContext(traceParent: TestCall.traceParent, traceState: "a=b")
        call.timeout = .seconds(3)
        #expect(try await first.provider.execute(call) == answer)
        #expect(try await later.provider.execute(call) == answer)
        let (requests, count) = (first.transport.requests, tried.answers.count)
        let sent = [Array(requests.prefix(count)), Array(requests.dropFirst(count)), later.transport.requests]
        #expect(first.transport.isExhausted && later.transport.isExhausted)
        #expect(Set(sent.map { $0.map(Self.written) }).count == 1)
        let effects = sent[0].filter { $0.method != "GET" }
        #expect(effects.count == 1)
        for request in effects where request.method == "POST" {
            let keys = request.values("Idempotency-Key")
            #expect(keys.count == 1 && keys[0].hasPrefix(call.idempotencyKey))
        }
    }

    /// A request as it is written, without what the trace adds.
    private static func written(_ request: OutgoingRequest) -> [String] {
        let headers = request.headers.filter { !$0.name.hasPrefix("trace") }.map { $0.name + ": " + $0.value }
        return [request.method + " " + request.url] + headers + [request.bodyText ?? "none"]
    }
}
