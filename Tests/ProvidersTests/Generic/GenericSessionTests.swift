import Shared
import Testing

@testable import Providers

@Suite struct GenericSessionTests {
    private let gateway: SimulatedGateway<GenericProvider>

    init() throws {
        gateway = try SimulatedGateway(.generic())
    }

    private func open(_ amount: String = "12.50", _ currency: String = "USD") async throws -> String {
        let body = """
            {"amount":"\(amount)","currency":"\(currency)","shopTransactionID":"S-1","userTokenId":"user-7"}
            """
        let reply = try await gateway.object(.sessionOpen, body)
        #expect(reply["result"] == .string("OK"))
        #expect(reply["orderId"]?.stringValue?.isEmpty == false)
        return try #require(reply["sessionToken"]?.stringValue)
    }

    private func authorised(_ amount: String = "12.50", _ currency: String = "USD") async throws -> String {
        let token = try await open(amount, currency)
        try #require(gateway.wire.press(token, "pay"))
        return token
    }

    private func body(
        _ naming: String, amount: String = "12.50", currency: String = "USD", shop: String = "S-1"
    ) -> String {
        "{\"amount\":\"\(amount)\",\"currency\":\"\(currency)\",\"shopTransactionID\":\"\(shop)\",\(naming)}"
    }

    private func check(_ token: String) async throws -> [String: JSONValue] {
        try await gateway.object(.sessionCheck, "{\"sessionToken\":\"\(token)\"}")
    }

    @Test func aSessionIsPendingUntilTheBuyerDecides() async throws {
        let token = try await open()
        let pending = try await check(token)
        #expect(pending["status"] == .string("PENDING"))
        #expect(pending["transactionId"] == .null)
        #expect(pending["authCode"] == .null)
        #expect(gateway.wire.press(token, "pay"))
        let accepted = try await check(token)
        #expect(accepted["status"] == .string("ACCEPTED"))
        #expect(accepted["transactionId"]?.stringValue?.isEmpty == false)
        #expect(accepted["authCode"]?.stringValue?.isEmpty == false)
        let declined = try await open()
        #expect(gateway.wire.press(declined, "decline"))
        #expect(try await check(declined)["status"] == .string("FAILED"))
    }

    @Test func theClosingOperationsAlwaysTellCodeAndTransaction() async throws {
        let token = try await authorised()
        let known = try await check(token)
        let naming = "\"sessionToken\":\"\(token)\""
        let early = try await gateway.object(.sessionRefund, body(naming))
        let confirmed = try await gateway.object(.sessionConfirm, body(naming))
        let late = try await gateway.object(.sessionVoid, body(naming))
        let refunded = try await gateway.object(.sessionRefund, body(naming, amount: "2.50"))
        #expect(early["result"] == .string("KO"))
        #expect(confirmed["result"] == .string("OK"))
        #expect(late["result"] == .string("KO"))
        #expect(refunded["result"] == .string("OK"))
        for reply in [early, confirmed, late, refunded] {
            #expect(reply["transactionId"] == known["transactionId"])
            #expect(reply["authCode"] == known["authCode"])
            #expect(reply["resultDescription"]?.stringValue?.isEmpty == false)
        }
    }

    @Test func noMoreThanWhatIsLeftIsRefunded() async throws {
        let naming = "\"sessionToken\":\"\(try await authorised())\""
        _ = try await gateway.object(.sessionConfirm, body(naming))
        for (amount, result) in [("10.00", "OK"), ("2.51", "KO"), ("2.50", "OK"), ("0.01", "KO")] {
            let reply = try await gateway.object(.sessionRefund, body(naming, amount: amount))
            #expect(reply["result"] == .string(result))
        }
    }

    @Test func aTransactionIsVoidedByItsOwnIdentifier() async throws {
        let token = try await authorised()
        let transaction = try #require(try await check(token)["transactionId"]?.stringValue)
        let reply = try await gateway.object(.sessionVoid, body("\"transactionId\":\"\(transaction)\""))
        #expect(reply["result"] == .string("OK"))
        #expect(try await check(token)["status"] == .string("FAILED"))
    }

    @Test func aSessionThatNobodyAuthorisedHasNothingToSettle() async throws {
        let naming = "\"sessionToken\":\"\(try await open())\""
        for operation in [Shared.Operation.sessionConfirm, .sessionVoid, .sessionRefund] {
            let reply = try await gateway.object(operation, body(naming))
            #expect(reply["result"] == .string("KO"))
            #expect(reply["transactionId"] == .null)
        }
    }

    @Test func moneyOfAnotherCurrencyOrPaymentIsNotMoved() async throws {
        let naming = "\"sessionToken\":\"\(try await authorised())\""
        #expect(try await gateway.object(.sessionConfirm, body(naming, currency: "EUR"))["result"] == .string("KO"))
        #expect(try await gateway.object(.sessionConfirm, body(naming, shop: "S-2"))["result"] == .string("KO"))
        #expect(try await gateway.object(.sessionConfirm, body(naming))["result"] == .string("OK"))
        let outside = #"{"shopTransactionID":"S-1","amount":"12.50"}"#
        #expect(try await gateway.reply(.refund, outside).result == .ko)
    }

    @Test(arguments: [("1200", "JPY", Int64(1200)), ("1.234", "KWD", 1234), ("0.50", "EUR", 50)])
    func theAmountIsInTheCurrencyOfTheRequest(amount: String, currency: String, minorUnits: Int64) async throws {
        let call = try SimulatedGateway<GenericProvider>.call(
            .sessionOpen, "{\"amount\":\"\(amount)\",\"currency\":\"\(currency)\",\"shopTransactionID\":\"S\"}")
        #expect(call.amount == Currency(code: currency).map { Money(minorUnits: minorUnits, currency: $0) })
        let naming = "\"sessionToken\":\"\(try await authorised(amount, currency))\""
        let reply = try await gateway.object(.sessionConfirm, body(naming, amount: amount, currency: currency))
        #expect(reply["result"] == .string("OK"))
    }

    @Test(arguments: [
        (#"{"amount":"1.5","currency":"JPY","shopTransactionID":"S"}"#, "amount"),
        (#"{"amount":"1.2345","currency":"KWD","shopTransactionID":"S"}"#, "amount"),
        (#"{"amount":"0","currency":"EUR","shopTransactionID":"S"}"#, "amount"),
        (#"{"amount":"1","currency":"eur","shopTransactionID":"S"}"#, "currency"),
        (#"{"amount":"1","shopTransactionID":"S"}"#, "currency"),
        (#"{"amount":"1","currency":"EUR"}"#, "shopTransactionID"),
    ])
    func moneyThatDoesNotExistIsNamed(body: String, field: String) throws {
        let issues = try SimulatedGateway<GenericProvider>.issues(.sessionOpen, body)
        #expect(issues.map { $0.prefix { $0 != ":" } } == [Substring(field)])
    }

    @Test func anUnknownSessionIsAnUnknownTransaction() async throws {
        #expect(try await gateway.failure(.sessionCheck, #"{"sessionToken":"gs_none"}"#) == .unknownTransaction)
        let naming = #""transactionId":"gp_none""#
        #expect(try await gateway.failure(.sessionVoid, body(naming)) == .unknownTransaction)
        let issues = try SimulatedGateway<GenericProvider>.issues(.sessionVoid, body(#""authCode":"1""#))
        #expect(issues == ["transactionId, sessionToken: one of transactionId, sessionToken is required"])
    }

    @Test func aCheckNamesNoPaymentAndHasALaneOfItsOwn() throws {
        let call = try SimulatedGateway<GenericProvider>.call(.sessionCheck, #"{"sessionToken":"gs_1"}"#)
        #expect(call.reference == PaymentReference())
    }
}
