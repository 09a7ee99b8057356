import HTTPTypes
import Providers
import Shared
import Testing

@testable import Ingress

/// What a request's caller and key make of its command: claim, reference and lane.
struct RequestIdentityTests {
    private static let id = CommandID.make(atUnixMilliseconds: 1)
    private static let later = CommandID.make(atUnixMilliseconds: 2)
    private static let refund = #"{"amount":"1.00","shopTransactionID":"order-1"}"#
    private static let unnamed =
        #"{"amount":"5.00","successRedirect":"http://a.invalid","failureRedirect":"http://b.invalid"}"#

    private static func command(
        _ operation: Operation = .refund, of description: ProviderDescription = GenericProvider.description,
        body: String = refund, id: CommandID = id, caller: String = "caller", key: String? = nil
    ) throws -> Command {
        let factory = CommandFactory(
            description: description, operation: try description.operation(operation).unwrapped())
        return try factory.command(
            body: Array(body.utf8), id: id, from: RequestIdentity(caller: caller, key: key),
            method: description.methods.first, now: 5)
    }

    private static func unnamedPay(
        id: CommandID = id, caller: String = "caller", key: String? = nil
    ) throws -> Command {
        try command(.pay, of: StripeProvider.description, body: unnamed, id: id, caller: caller, key: key)
    }

    @Test func withoutAKeyTheClaimIsTheScopeAlone() throws {
        let claim = try #require(try Self.command().claim)
        #expect(claim.keyHash == nil)
        #expect(claim.joins == nil)
        #expect(try Self.command(id: Self.later).claim == claim)
    }

    @Test func everyOperationWithABodyHasAClaimAndOthersHaveNone() throws {
        let query = [RawCallback.Parameter(name: "paymentId", value: "p-1")]
        let description = GenericProvider.description
        let status = try CommandFactory(
            description: description, operation: try description.operation(.status).unwrapped()
        ).command(query: query, id: Self.id, now: 5)
        #expect(status.claim == nil)
        #expect(try Self.command(.sessionCheck, body: #"{"sessionToken":"t"}"#).claim != nil)
        #expect(try Self.command(.payExpire, body: #"{"paymentID":"p-1"}"#).claim != nil)
    }

    @Test func callerProviderOperationAndPaymentEachMakeAnotherScopeAndAnotherHash() throws {
        let stripe = StripeProvider.description
        let both = #"{"amount":"1.00","shopTransactionID":"order-1","paymentID":"p-1"}"#
        let claims = [
            try Self.command(key: "k"), try Self.command(caller: "other", key: "k"),
            try Self.command(.confirm, key: "k"), try Self.command(of: stripe, body: both, key: "k"),
            try Self.command(body: both, key: "k"),
            try Self.command(body: #"{"amount":"1.00","shopTransactionID":"order-2"}"#, key: "k"),
            try Self.command(body: #"{"amount":"1.00","paymentID":"order-1"}"#, key: "k"),
        ].compactMap(\.claim)
        #expect(Set(claims.map(\.scope)).count == 7)
        #expect(Set(claims.compactMap(\.keyHash)).count == 7)
    }

    @Test func otherContentOfTheSamePaymentIsOfTheSameScope() throws {
        let other = try Self.command(
            body: #"{"amount":"2.00","shopTransactionID":"order-1"}"#, id: Self.later, key: "k")
        #expect(try Self.command(key: "k").claim == other.claim)
    }

    @Test func anotherKeyIsAnotherHashAndNeitherKeyNorCallerIsReadable() throws {
        let first = try #require(try Self.command(caller: "address:192.0.2.1", key: "secret-looking-key").claim)
        let second = try #require(try Self.command(caller: "address:192.0.2.1", key: "secret-looking-kez").claim)
        #expect(first.scope == second.scope)
        #expect(first.keyHash != second.keyHash)
        let record = try Edge.codec.record(
            for: try Self.command(caller: "address:192.0.2.1", key: "secret-looking-key"), partitionCount: 12)
        let text = String(decoding: (record.value ?? []) + (record.key ?? []), as: UTF8.self)
        #expect(!text.contains("secret-looking") && !text.contains("192.0.2.1"))
        #expect(text.contains(try #require(first.keyHash)))
    }

    @Test func theIdOfAnEarlierCommandAsKeyJoinsItInItsScopeAndLane() throws {
        let first = try Self.command()
        let again = try Self.command(id: Self.later, key: Self.id.value)
        #expect(again.claim?.scope == first.claim?.scope)
        #expect(again.claim?.joins == first.id)
        #expect(again.lane == first.lane)
    }

    @Test func soItDoesWhereTheFirstRequestNamedNoPayment() throws {
        let first = try Self.unnamedPay()
        #expect(first.reference.shopTransactionID == Self.id.value)
        let again = try Self.unnamedPay(id: Self.later, key: Self.id.value)
        #expect(again.reference == first.reference)
        #expect(again.lane == first.lane)
        #expect(again.claim?.scope == first.claim?.scope)
        #expect(again.claim?.joins == first.id)
    }

    @Test func soItDoesWhereNoPaymentCanBeNamed() throws {
        let body = #"{"sessionToken":"t"}"#
        let first = try Self.command(.sessionCheck, body: body)
        let again = try Self.command(.sessionCheck, body: body, id: Self.later, key: Self.id.value)
        #expect(again.lane == first.lane)
        #expect(again.claim?.scope == first.claim?.scope)
        let keyed = try [Self.id, Self.later].map { try Self.command(.sessionCheck, body: body, id: $0, key: "k") }
        #expect(keyed[0].lane == keyed[1].lane)
        #expect(keyed[0].lane != first.lane)
    }

    @Test func everyRepeatOfAKeyNamesTheSamePaymentAndNobodyElseDoes() throws {
        let first = try Self.unnamedPay(key: "k")
        let again = try Self.unnamedPay(id: Self.later, key: "k")
        #expect(again.reference == first.reference)
        #expect(again.lane == first.lane)
        #expect(again.claim == first.claim)
        let name = try #require(first.reference.shopTransactionID)
        #expect(CommandID(name)?.value == name)
        #expect(name != Self.id.value)
        #expect(try Self.unnamedPay(caller: "other", key: "k").reference != first.reference)
        #expect(try Self.unnamedPay(key: "l").reference != first.reference)
        let identity = RequestIdentity(caller: "caller", key: "k")
        #expect(identity.shopTransactionID(command: Self.id, provider: ProviderName("other")) != name)
    }

    @Test func aPaymentThatIsNamedKeepsItsNameWhateverTheKey() throws {
        for key in ["k", Self.id.value] {
            #expect(try Self.command(key: key).reference == PaymentReference(shopTransactionID: "order-1"))
        }
    }

    @Test(arguments: ["", String(repeating: "k", count: 256), "caf\u{E9}", "a\tb"])
    func anIllFormedKeyIsRefusedWithoutBeingShown(key: String) throws {
        let error = try #require(throws: ErrorResponse.self) {
            try RequestIdentity(caller: "c", fields: [.idempotencyKey: key])
        }
        #expect(error.code == .invalidParameter)
        #expect(error.details?.map(\.field) == ["Idempotency-Key"])
        #expect(error.details?.first?.issue.contains("255 printable ASCII") == true)
        #expect(key.isEmpty || !error.message.contains(key))
    }
}
