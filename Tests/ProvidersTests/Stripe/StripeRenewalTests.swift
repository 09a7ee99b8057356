import Shared
import Testing

@testable import Providers

@Suite struct StripeRenewalTests {
    private typealias Gateway = SimulatedGateway<StripeProvider>
    private typealias Harness = ProviderHarness<StripeProvider>

    private static func event(
        _ type: String = "invoice.paid", reason: String = "subscription_cycle", status: String = "paid",
        details: String = current
    ) -> String {
        """
        {"id":"evt_1","object":"event","type":"\(type)","data":{"object":\(invoice(reason, status, details))}}
        """
    }

    private static func invoice(_ reason: String, _ status: String, _ details: String) -> String {
        """
        {"id":"in_2","object":"invoice","status":"\(status)","billing_reason":"\(reason)","currency":"eur",
        "amount_paid":\(status == "paid" ? 750 : 0),"amount_due":750,\(details)}
        """
    }

    private static let current = """
        "parent":{"type":"subscription_details","subscription_details":
        {"subscription":"sub_1","metadata":{"shopTransactionId":"PLAN-1"}}}
        """
    private static let older = """
        "subscription":"sub_1","subscription_details":{"metadata":{"shopTransactionId":"PLAN-1"}}
        """

    private func callback(_ body: String) -> RawCallback {
        let headers = ["stripe-signature": TestSignature.header(body)]
        return RawCallback(method: "POST", headers: headers, query: [], body: Array(body.utf8))
    }

    private func observe(_ body: String, _ answers: [ScriptedTransport.Answer] = []) async throws -> PaymentObservation
    {
        let harness = try Harness(answers)
        let observation = try await harness.provider.observe(callback(body), call: TestCall.make(.callback))
        #expect(harness.transport.isExhausted)
        return observation
    }

    @Test(arguments: [current, older])
    func aBillNamesTheMerchantsIdentifierAndTheSubscription(details: String) throws {
        let notice = try Harness().provider.authenticate(callback(Self.event(details: details)))
        #expect(notice == .payment(PaymentReference(shopTransactionID: "PLAN-1", paymentID: "sub_1")))
    }

    @Test func theTwoEventsOfASuccessAreOneRenewal() async throws {
        let paid = try await observe(Self.event("invoice.paid"))
        #expect(paid.status == .accepted)
        #expect(paid.kind == "renewal")
        #expect(paid.occurrence == "in_2")
        #expect(paid.amount == Money(minorUnits: 750))
        #expect(paid.reference == PaymentReference(shopTransactionID: "PLAN-1", paymentID: "sub_1"))
        #expect(try await observe(Self.event("invoice.payment_succeeded")) == paid)
    }

    @Test func aFailedRenewalIsReadBecauseItMayBePaidByNow() async throws {
        let failed = Self.event("invoice.payment_failed", status: "open")
        let still = try await observe(failed, [.json(200, Self.invoice("subscription_cycle", "open", Self.current))])
        #expect(still.status == .failed)
        #expect(still.amount == Money(minorUnits: 750))
        let meanwhile = try await observe(
            failed, [.json(200, Self.invoice("subscription_cycle", "paid", Self.current))])
        #expect(meanwhile == (try await observe(Self.event())))
        let gone = try await observe(failed, [.json(404, StripeJSON.error("invalid_request_error"))])
        #expect(gone.status == .failed)
    }

    @Test func aBillThatShowsLessThanItsEventIsStillThePlans() async throws {
        let failed = Self.event("invoice.payment_failed", status: "open")
        let bare = Self.invoice("subscription_cycle", "paid", "\"parent\":null")
        let meanwhile = try await observe(failed, [.json(200, bare)])
        #expect(meanwhile.status == .accepted)
        #expect(meanwhile.reference == PaymentReference(shopTransactionID: "PLAN-1", paymentID: "sub_1"))
    }

    @Test func aBillThatCannotBeReadNowIsAskedForAgain() async throws {
        let harness = try Harness([.json(500, "{}")])
        let callback = callback(Self.event("invoice.payment_failed", status: "open"))
        let failure = await FailureShape.of { () throws(ProviderFailure) in
            try await harness.provider.observe(callback, call: TestCall.make(.callback))
        }
        #expect(failure == FailureShape(.providerError, effect: false, transient: true))
    }

    @Test(arguments: [
        event(reason: "subscription_create"), event(reason: "manual"), event("invoice.finalized"),
        event("customer.subscription.deleted"), event(details: #""subscription":"sub_1""#),
        event(details: #""subscription_details":{"metadata":{"shopTransactionId":"PLAN-1"}}"#),
        event(details: #""parent":{"subscription_details":{"subscription":"sub_1","metadata":{}}}"#),
    ])
    func otherBillsAndThoseOfOthersAreIgnored(body: String) throws {
        guard case .ignored = try Harness().provider.authenticate(callback(body)) else {
            Issue.record("not ignored")
            return
        }
    }

    @Test func aBillOfAnotherShapeIsUnreadableAndOneOfAnotherSignatureNotTaken() throws {
        let provider = try Harness().provider
        let odd = #"{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":"in_1"}}"#
        #expect(throws: CallbackRejection.unreadable("data.object must be an invoice")) {
            try provider.authenticate(callback(odd))
        }
        var forged = callback(Self.event())
        forged.body.append(0x20)
        #expect(throws: CallbackRejection.notAuthentic) { try provider.authenticate(forged) }
    }

    @Test func renewalsOfASubscriptionAreObservationsOfTheirOwn() async throws {
        let gateway = try Gateway(.stripe())
        let body = """
            {"successRedirect":"https://a.example","failureRedirect":"https://b.example","amount":"7.50",
            "interval":"month","shopTransactionID":"PLAN-1"}
            """
        let paymentID = try #require(try await gateway.reply(.payRecurrent, body).paymentID)
        #expect(gateway.wire.press(paymentID, "pay"))
        // The bill of the beginning is reported by the session alone.
        #expect(try await gateway.observations().map(\.kind) == ["payment"])
        let call = TestCall.make(.status, paymentID: paymentID)
        let subscription = try #require(try await gateway.provider.client.session(paymentID, call).subscription?.id)
        #expect(gateway.wire.renew(subscription))
        #expect(gateway.wire.renew(subscription, fails: true))
        let renewals = try await gateway.observations()
        #expect(renewals.map(\.kind) == ["renewal", "renewal"])
        #expect(renewals.map(\.status) == [.accepted, .failed])
        #expect(Set(renewals.map(\.occurrence)).count == 2)
        #expect(renewals.allSatisfy { $0.reference.shopTransactionID == "PLAN-1" })
        // What a renewal is notified with ends the subscription.
        let end = "{\"paymentID\":\"\(try #require(renewals[0].reference.paymentID))\",\"cancelType\":\"now\"}"
        #expect(try await gateway.reply(.payRecurrentExpire, end).result == .ok)
    }
}
