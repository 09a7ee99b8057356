import Shared
import Testing

@testable import Providers

@Suite struct GenericOperationsTests {
    private let gateway: SimulatedGateway<GenericProvider>

    init() throws {
        gateway = try SimulatedGateway(.generic())
    }

    private func pay(_ shop: String, token: String? = nil, amount: String = "5.00") async throws -> String {
        let token = token.map { ",\"creditCardToken\":\"\($0)\"" } ?? ""
        let reply = try await gateway.reply(
            .pay, "{\"amount\":\"\(amount)\",\"shopTransactionID\":\"\(shop)\"\(token)}")
        return try #require(reply.paymentID)
    }

    private func reserve(_ shop: String) async throws -> String {
        let paymentID = try await pay(shop, token: "PREAUTH-1")
        try #require(gateway.wire.press(paymentID, "pay"))
        return paymentID
    }

    private func confirm(_ shop: String, _ amount: String) async throws -> PaymentReply {
        try await gateway.reply(.confirm, "{\"shopTransactionID\":\"\(shop)\",\"amount\":\"\(amount)\"}")
    }

    @Test func lessThanTheReservedAmountMayBeConfirmed() async throws {
        let paymentID = try await reserve("A")
        let reply = try await confirm("A", "3.00")
        #expect(reply.result == .ok)
        #expect(reply.paymentID == paymentID)
        let refund = "{\"paymentID\":\"\(paymentID)\",\"amount\":\"3.01\"}"
        #expect(try await gateway.reply(.refund, refund).result == .ko)
    }

    @Test func moreThanTheReservedAmountIsRefusedAndTheReservationStays() async throws {
        _ = try await reserve("A")
        #expect(try await confirm("A", "5.01").result == .ko)
        #expect(try await confirm("A", "5.00").result == .ok)
    }

    @Test func moneyIsTakenOnceByHoweverManyConfirmations() async throws {
        _ = try await reserve("A")
        #expect(try await confirm("A", "5.00").result == .ok)
        #expect(try await confirm("A", "5.00").result == .ko)
    }

    @Test func theSameConfirmationAgainHasTheFirstAnswer() async throws {
        _ = try await reserve("A")
        let call = try SimulatedGateway<GenericProvider>.call(
            .confirm, "{\"shopTransactionID\":\"A\",\"amount\":\"5.00\"}")
        #expect(try await gateway.provider.execute(call).reply?.result == .ok)
        #expect(try await gateway.provider.execute(call).reply?.result == .ok)
    }

    @Test func theReservedPaymentIsConfirmedThoughANewerOneWasAbandoned() async throws {
        let reserved = try await reserve("A")
        _ = try await pay("A")
        #expect(try await confirm("A", "5.00").paymentID == reserved)
    }

    @Test func aPaymentThatWasNotMadeIsNotConfirmed() async throws {
        _ = try await pay("A", token: "PREAUTH")
        #expect(try await confirm("A", "5.00").result == .ko)
        let unknown = "{\"shopTransactionID\":\"B\",\"amount\":\"5.00\"}"
        #expect(try await gateway.failure(.confirm, unknown) == .unknownTransaction)
    }

    @Test func aLostConfirmationIsFoundByReading() async throws {
        _ = try await reserve("A")
        let call = try SimulatedGateway<GenericProvider>.call(
            .confirm, "{\"shopTransactionID\":\"A\",\"amount\":\"5.00\"}")
        #expect(try await gateway.provider.reconcile(call) == nil)
        _ = try await gateway.provider.execute(call)
        #expect(try await gateway.provider.reconcile(call)?.reply?.result == .ok)
    }

    @Test func anExpiredPaymentExpiresAgainAndAPaidOneDoesNot() async throws {
        let abandoned = try await pay("A")
        for _ in 0..<2 {
            #expect(try await gateway.reply(.payExpire, "{\"paymentID\":\"\(abandoned)\"}").result == .ok)
        }
        let paid = try await pay("B", token: "OK")
        #expect(try await gateway.reply(.payExpire, "{\"paymentID\":\"\(paid)\"}").result == .ko)
        #expect(try await gateway.status(paymentID: paid) == .accepted)
        #expect(try await gateway.failure(.payExpire, "{\"paymentID\":\"gp_none\"}") == .unknownTransaction)
    }

    @Test func aSeriesEndsAndAPaymentThatStartsNoneDoesNot() async throws {
        let first = #"{"amount":"0","shopTransactionID":"P","recurrenceDetails":{"isFirstInstallment":true}}"#
        let begun = try #require(try await gateway.reply(.payRecurrent, first).paymentID)
        let abandoned = try #require(try await gateway.reply(.payRecurrent, first).paymentID)
        try #require(gateway.wire.press(begun, "pay"))
        let single = try await pay("S", token: "OK")
        for (paymentID, result) in [(begun, PaymentResult.ok), (abandoned, .ok), (single, .ko)] {
            let body = "{\"paymentID\":\"\(paymentID)\",\"cancelType\":\"endOfPeriod\"}"
            #expect(try await gateway.reply(.payRecurrentExpire, body).result == result)
        }
        #expect(try await gateway.status(paymentID: abandoned) == .failed)
    }

    @Test func everyInvalidFieldOfAPlanIsNamed() throws {
        let body = """
            {"amount":"1","shopTransactionID":"P","recurrenceDetails":
            {"expiresOn":"01/07/2022","installmentFrequencyInDays":"7","installmentAmount":2}}
            """
        #expect(
            try SimulatedGateway<GenericProvider>.issues(.payRecurrent, body) == [
                "recurrenceDetails.isFirstInstallment: is required: true or false",
                "recurrenceDetails.expiresOn: must be a day as yyyy-MM-dd",
                "recurrenceDetails.installmentAmount: must be a decimal string such as \"5.00\"",
                "recurrenceDetails.installmentFrequencyInDays: must be a whole number from 1 to 3650",
            ])
    }

    @Test func anUnknownCurrencyFieldDoesNotChangeTheMoney() throws {
        let body = #"{"amount":"5.00","currency":"JPY","shopTransactionID":"A"}"#
        #expect(try SimulatedGateway<GenericProvider>.call(.pay, body).amount == Money(minorUnits: 500))
    }
}
