import Shared
import Testing

@testable import Providers

@Suite struct StripeExpireTests {
    private typealias Gateway = SimulatedGateway<StripeProvider>
    private typealias Harness = ProviderHarness<StripeProvider>

    private let gateway: Gateway

    init() throws {
        gateway = try Gateway(.stripe())
    }

    private func open(_ operation: Shared.Operation = .payRecurrent) async throws -> String {
        let period = operation == .payRecurrent ? #","interval":"month""# : ""
        let body = """
            {"successRedirect":"https://a.example","failureRedirect":"https://b.example","amount":"7.50"\(period)}
            """
        return try #require(try await gateway.reply(operation, body).paymentID)
    }

    private func cancel(_ paymentID: String, _ type: String, day: String? = nil) async throws -> PaymentReply {
        let time = day.map { ",\"cancelTime\":\"\($0)\"" } ?? ""
        let body = "{\"paymentID\":\"\(paymentID)\",\"cancelType\":\"\(type)\"\(time)}"
        return try await gateway.reply(.payRecurrentExpire, body)
    }

    private static func session(_ status: String, more: String) -> String {
        #"{"id":"cs_1","mode":"subscription","status":"\#(status)","payment_status":"unpaid"\#(more)}"#
    }

    @Test func anOpenPaymentExpiresHoweverOftenAsked() async throws {
        let paymentID = try await open(.pay)
        for _ in 0..<2 {
            #expect(try await gateway.reply(.payExpire, "{\"paymentID\":\"\(paymentID)\"}").result == .ok)
        }
        #expect(try await gateway.status(paymentID: paymentID) == .failed)
        #expect(try await gateway.observations().map(\.status) == [.failed])
    }

    @Test func aPaidPaymentDoesNotExpire() async throws {
        let paymentID = try await open(.pay)
        #expect(gateway.wire.press(paymentID, "pay"))
        #expect(try await gateway.reply(.payExpire, "{\"paymentID\":\"\(paymentID)\"}").result == .ko)
        #expect(try await gateway.status(paymentID: paymentID) == .accepted)
        #expect(try await gateway.failure(.payExpire, #"{"paymentID":"cs_none"}"#) == .unknownTransaction)
    }

    @Test func theExpiryIsAnEmptyFormUnderTheKeyOfTheCall() async throws {
        let harness = try Harness([.json(200, Self.session("expired", more: ""))])
        let answer = try await harness.provider.execute(TestCall.make(.payExpire, paymentID: "cs_/1"))
        #expect(answer.reply?.result == .ok)
        let request = try #require(harness.transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://stripe.test/v1/checkout/sessions/cs_%2F1/expire")
        #expect(request.bodyText == "")
        #expect(request.values("Idempotency-Key") == [TestCall.key])
        #expect(request.values("Content-Type") == ["application/x-www-form-urlencoded"])
    }

    @Test(arguments: ["now", "endOfPeriod", "atDay"])
    func aSubscriptionThatNeverBeganLosesItsSession(type: String) async throws {
        let paymentID = try await open()
        let day = type == "atDay" ? "31/12/2026" : nil
        for _ in 0..<2 { #expect(try await cancel(paymentID, type, day: day).result == .ok) }
        #expect(!gateway.wire.press(paymentID, "pay"))
    }

    @Test func aSubscriptionEndsAtOnceAndStaysEnded() async throws {
        let paymentID = try await open()
        #expect(gateway.wire.press(paymentID, "pay"))
        #expect(try await cancel(paymentID, "now").result == .ok)
        #expect(try await cancel(paymentID, "now").result == .ok)
        #expect(try await cancel(paymentID, "endOfPeriod").result == .ok)
        #expect(try await cancel(paymentID, "atDay", day: "31/12/2026").result == .ok)
    }

    @Test func aSubscriptionEndsWithItsPeriodOrOnADayAndIsNotRenewedAfter() async throws {
        for (type, day) in [("endOfPeriod", nil), ("atDay", "22/09/2026")] as [(String, String?)] {
            let paymentID = try await open()
            #expect(gateway.wire.press(paymentID, "pay"))
            _ = try await gateway.observations()
            #expect(try await cancel(paymentID, type, day: day).result == .ok)
            let call = TestCall.make(.status, paymentID: paymentID)
            let subscription = try #require(
                try await gateway.provider.client.session(paymentID, call).subscription?.id)
            #expect(gateway.wire.renew(subscription))
            #expect(try await gateway.observations().isEmpty)
            #expect(try await gateway.provider.client.subscription(subscription, call).status == "canceled")
        }
    }

    @Test func theDayEndsInItaly() async throws {
        let body = #"{"paymentID":"cs_1","cancelType":"atDay","cancelTime":"31/12/2026"}"#
        let harness = try Harness([
            .json(200, Self.session("complete", more: #","subscription":{"id":"sub_1"}"#)),
            .json(200, #"{"id":"sub_1","status":"active","cancel_at":1798757999}"#),
        ])
        let answer = try await harness.provider.execute(Gateway.call(.payRecurrentExpire, body))
        #expect(answer.reply?.result == .ok)
        #expect(harness.transport.requests.last?.url == "https://stripe.test/v1/subscriptions/sub_1")
        #expect(harness.transport.requests.last?.bodyText == "cancel_at=1798757999&proration_behavior=none")
    }

    @Test func aSubscriptionThatDoesNotEndAsAskedIsNoSuccess() async throws {
        for (type, answer) in [
            ("now", #"{"id":"sub_1","status":"active"}"#),
            ("endOfPeriod", #"{"id":"sub_1","status":"active","cancel_at_period_end":false}"#),
        ] {
            let harness = try Harness([.json(200, answer)])
            let call = TestCall.make(.payRecurrentExpire, paymentID: "sub_1", body: ["cancelType": .string(type)])
            let failure = await FailureShape.of { () throws(ProviderFailure) in
                try await harness.provider.execute(call)
            }
            #expect(failure == FailureShape(.unusableAnswer, effect: true, transient: false))
        }
    }

    @Test func aSessionCompletedMeanwhileLeadsToItsSubscription() async throws {
        let harness = try Harness([
            .json(200, Self.session("open", more: "")),
            .json(400, StripeJSON.error("invalid_request_error")),
            .json(200, Self.session("complete", more: #","subscription":"sub_1""#)),
            .json(200, #"{"id":"sub_1","status":"active","cancel_at_period_end":true}"#),
        ])
        let body: [String: JSONValue] = ["cancelType": .string("endOfPeriod")]
        let call = TestCall.make(.payRecurrentExpire, paymentID: "cs_1", body: body)
        #expect(try await harness.provider.execute(call).reply?.result == .ok)
        // One key for two different calls would be refused by Stripe.
        let keys = harness.transport.requests.flatMap { $0.values("Idempotency-Key") }
        #expect(keys.count == 2 && Set(keys).count == 2)
    }

    @Test func aRefusalIsTakenAtItsWordOnlyWhenTheSubscriptionHasEnded() async throws {
        for (status, result) in [("active", PaymentResult.ko), ("canceled", .ok)] {
            let harness = try Harness([
                .json(400, StripeJSON.error("invalid_request_error", message: "no way")),
                .json(200, #"{"id":"sub_1","status":"\#(status)"}"#),
            ])
            let body: [String: JSONValue] = ["cancelType": .string("endOfPeriod")]
            let call = TestCall.make(.payRecurrentExpire, paymentID: "sub_1", body: body)
            #expect(try await harness.provider.execute(call).reply?.result == result)
        }
    }

    @Test func aSinglePaymentHasNoSubscriptionToEnd() async throws {
        let paymentID = try await open(.pay)
        #expect(try await cancel(paymentID, "now").result == .ko)
        #expect(gateway.wire.press(paymentID, "pay"))
        #expect(try await cancel(paymentID, "now").result == .ko)
    }

    @Test(arguments: [
        (#""cancelType":"later""#, ["cancelType: must be one of now, endOfPeriod, atDay"]),
        (#""cancelType":"atDay""#, ["cancelTime: is required when cancelType is atDay"]),
        (
            #""cancelType":"now","cancelTime":"31/12/2026""#,
            ["cancelTime: may be given only when cancelType is atDay"]
        ),
        (#""cancelType":"atDay","cancelTime":"31/11/2026""#, ["cancelTime: must be a day as dd/MM/yyyy"]),
        (#""cancelType":"atDay","cancelTime":"2026-12-31""#, ["cancelTime: must be a day as dd/MM/yyyy"]),
        (#""cancelType":"atDay","cancelTime":"31/12/2022""#, ["cancelTime: must not be a past day"]),
        // The simulated time is 21/09/2026, 15:33 in Italy: the day itself is not over.
        (#""cancelType":"atDay","cancelTime":"20/09/2026""#, ["cancelTime: must not be a past day"]),
        (#""cancelType":"atDay","cancelTime":"21/09/2026""#, []),
    ])
    func theDayGoesWithItsTypeAndIsNotOver(more: String, expected: [String]) throws {
        #expect(try Gateway.issues(.payRecurrentExpire, "{\"paymentID\":\"cs_1\",\(more)}") == expected)
    }
}
