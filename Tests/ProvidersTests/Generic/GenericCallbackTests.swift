import Shared
import Testing

@testable import Providers

@Suite struct GenericCallbackTests {
    private static let now: Int64 = 1_790_000_000
    private static let body =
        "{\"eventId\":\"e_1\",\"paymentId\":\"p_1\",\"reference\":\"ORDER 42\",\"status\":\"captured\"}"
    private static let own = CallbackNotice.payment(
        PaymentReference(shopTransactionID: "ORDER 42", paymentID: "p_1"))
    private static let values = [
        ("eventId", "e_1"), ("paymentId", "p_1"), ("reference", "ORDER 42"), ("status", "captured"),
        ("t", "1790000000"),
    ]

    private func post(_ body: String, _ header: String?) throws -> CallbackNotice {
        let callback = RawCallback(
            method: "POST", headers: header.map { ["x-generic-signature": $0] } ?? [:], query: [],
            body: Array(body.utf8))
        return try ProviderHarness<GenericProvider>().provider.authenticate(callback)
    }

    /// A GET whose signature covers `signed`, and which sends `sent`.
    private func get(
        signed: [(String, String)] = values, sent: [(String, String)]? = nil, secret: String = TestSettings.secret,
        nowSeconds: Int64 = now
    ) throws -> CallbackNotice {
        let text = signed.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let signature = TestSignature.hexadecimal(Array(text.utf8), secret: secret)
        let query = ((sent ?? signed) + [("signature", signature)]).map {
            RawCallback.Parameter(name: $0.0, value: $0.1)
        }
        let harness = try ProviderHarness<GenericProvider>(nowSeconds: nowSeconds)
        return try harness.provider.authenticate(RawCallback(method: "GET", headers: [:], query: query, body: []))
    }

    @Test func aSignedPostTellsWhoseItIs() throws {
        #expect(try post(Self.body, TestSignature.header(Self.body)) == Self.own)
        #expect(try post(Self.body, TestSignature.header(Self.body) + ",v1=bad") == Self.own)
    }

    @Test func aPostThatIsNotAuthenticIsRejected() {
        let headers = [
            nil, "", "t=1", TestSignature.header(Self.body + " "), TestSignature.header(Self.body, secret: "other"),
            TestSignature.header(Self.body, seconds: Self.now - 301),
            TestSignature.header(Self.body, seconds: Self.now + 301),
        ]
        for header in headers {
            #expect(throws: CallbackRejection.notAuthentic) { try post(Self.body, header) }
        }
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "{\"eventId\":1}", String(repeating: "[", count: 100_000),
        body.replacing("p_1", with: ""), body.replacing("ORDER 42", with: "caf\\u00e9"),
        body.replacing("p_1", with: String(repeating: "x", count: 129)),
    ])
    func anAuthenticPostOfAnotherShapeIsUnreadable(body: String) {
        let error = #expect(throws: CallbackRejection.self) { try post(body, TestSignature.header(body)) }
        #expect(error != .notAuthentic)
    }

    @Test func aSignedGetTellsWhoseItIs() throws {
        #expect(try get() == Self.own)
        #expect(try get(sent: Self.values.reversed()) == Self.own)
        #expect(try get(sent: Self.values + [("unsigned", "x")]) == Self.own)
    }

    @Test(arguments: 0..<5)
    func eachParameterOfAGetIsSigned(index: Int) {
        var changed = Self.values
        changed[index].1 = index == 4 ? "1790000001" : changed[index].1 + "x"
        #expect(throws: CallbackRejection.notAuthentic) { try get(sent: changed) }
        var missing = Self.values
        missing.remove(at: index)
        #expect(throws: CallbackRejection.notAuthentic) { try get(sent: missing) }
        // Of a repeated parameter the first counts, so a changed one cannot be put before it.
        #expect(throws: CallbackRejection.notAuthentic) { try get(sent: [changed[index]] + Self.values) }
    }

    @Test(arguments: [(0, true), (300, true), (-300, true), (301, false), (-301, false)] as [(Int64, Bool)])
    func aGetHoldsForFiveMinutes(ageSeconds: Int64, isAccepted: Bool) {
        let notice = try? get(nowSeconds: Self.now + ageSeconds)
        #expect((notice != nil) == isAccepted)
    }

    @Test(arguments: ["", "x", "99999999999999999999", "-9223372036854775808", "9223372036854775807", "1790000000.0"])
    func aGetWithAnOddTimeIsRejected(time: String) {
        var odd = Self.values
        odd[4].1 = time
        #expect(throws: CallbackRejection.notAuthentic) { try get(signed: odd) }
    }

    @Test func aGetWithoutOrWithAnotherSignatureIsRejected() throws {
        #expect(throws: CallbackRejection.notAuthentic) { try get(secret: "other") }
        let provider = try ProviderHarness<GenericProvider>().provider
        for signature in [
            nil, "", "zz", "00", String(repeating: "0", count: 64), String(repeating: "0", count: 10_000),
        ] {
            let query = (Self.values + (signature.map { [("signature", $0)] } ?? [])).map {
                RawCallback.Parameter(name: $0.0, value: $0.1)
            }
            #expect(throws: CallbackRejection.notAuthentic) {
                try provider.authenticate(RawCallback(method: "GET", headers: [:], query: query, body: []))
            }
        }
    }

    @Test func anAuthenticGetWithoutAPaymentIsUnreadable() {
        var empty = Self.values
        empty[1].1 = ""
        let error = #expect(throws: CallbackRejection.self) { try get(signed: empty) }
        #expect(error != .notAuthentic)
    }

    @Test func theStateIsAskedAndNotBelieved() async throws {
        let declined = ScriptedTransport.Answer.json(200, GenericJSON.payment(status: "declined"))
        let harness = try ProviderHarness<GenericProvider>([declined])
        let callback = RawCallback(method: "POST", headers: [:], query: [], body: Array(Self.body.utf8))
        let call = TestCall.make(.callback, shop: "ORDER 42", paymentID: "p_1")
        #expect(try await harness.provider.observe(callback, call: call).status == .failed)
        #expect(harness.transport.requests.map(\.url) == ["https://generic.test/v1/payments/p_1"])
    }
}
