import Shared
import Testing

@testable import Worker

/// The contents of entries write themselves as an encoder would have written them.
struct EffectContentTests {
    private static func byEncoder(_ value: some Encodable) throws -> [UInt8] { try JSONCoding.encode(value) }

    private func expectSameBytes<Content: JSONWritable & Decodable & Equatable>(_ content: Content) throws {
        let (written, encoded) = (try JSONCoding.encode(content), try Self.byEncoder(content))
        #expect(String(decoding: written, as: UTF8.self) == String(decoding: encoded, as: UTF8.self))
        #expect(try JSONCoding.decode(Content.self, from: written) == content)
    }

    private static let id: CommandID = CommandID.make(atUnixMilliseconds: 1)

    private static var full: EffectState {
        EffectState(
            commandID: id, operation: .payRecurrent, paymentMethod: "card",
            reference: PaymentReference(shopTransactionID: "order-1", paymentID: "pay-1"),
            amount: Money(minorUnits: 500), lane: "s:order-1", request: ["a": "\"", "b": .array([.integer(1)])],
            requestCode: "k.code", scope: "scope", claim: "00ff", providerKey: "pay-recurrent-1",
            firstAttemptedAtMilliseconds: 1, durationMilliseconds: 2, deadlineMilliseconds: 3,
            progress: .object(["step": .integer(2)]),
            answer: RecordedAnswer(
                statusCode: 200, body: "{\"result\":\"OK\"}", retryAfterSeconds: 5, label: "OK",
                found: PaymentReference(paymentID: "pay-1"), effect: .happened, settledAtMilliseconds: 4),
            isUntold: true)
    }

    private static var least: EffectState {
        EffectState(
            commandID: id, operation: .refund, reference: PaymentReference(), lane: "c:1", requestCode: "",
            providerKey: "", firstAttemptedAtMilliseconds: 0, durationMilliseconds: 0)
    }

    @Test func effectsAreWrittenAsTheirEncoderWouldHave() throws {
        try expectSameBytes(Self.full)
        try expectSameBytes(Self.least)
    }

    @Test func paymentsAreToo() throws {
        var payment = PaymentRecord(shopTransactionID: "order-1")
        try expectSameBytes(payment)
        payment.begin(Self.full, productsCode: "k.products")
        payment.conclude(.failed)
        payment.begin(Self.least, productsCode: nil)
        payment.others = [ObservedPayment(paymentID: "pay-2", final: .accepted)]
        payment.notified = [SentNotification(webhookID: "msg_1", cause: Self.id)]
        payment.refunds = [MoneyMovement(commandID: Self.id, minorUnits: 100)]
        payment.captures = [MoneyMovement(commandID: Self.id, minorUnits: 1), .init(commandID: Self.id, minorUnits: 2)]
        try expectSameBytes(payment)
    }
}
