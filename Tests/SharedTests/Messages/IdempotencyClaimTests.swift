import Shared
import Testing

struct IdempotencyClaimTests {
    private static func claim(
        caller: String = "shop", provider: String = "stripe", operation: Shared.Operation = .refund,
        _ reference: PaymentReference = PaymentReference(shopTransactionID: "order-1"), key: String? = "once"
    ) -> IdempotencyClaim? {
        ProviderName(provider).map {
            IdempotencyClaim(caller: caller, provider: $0, operation: operation, reference: reference, key: key)
        }
    }

    @Test func theSameRequestHasTheSameClaim() throws {
        let claim = try #require(Self.claim())
        #expect(claim == Self.claim())
        #expect(claim.scope.utf8.count == 32)
        #expect(claim.keyHash?.utf8.count == 64)
        #expect(claim.joins == nil)
        #expect(IdempotencyClaim(scope: claim.scope, keyHash: claim.keyHash, joins: nil) == claim)
    }

    @Test func callerProviderOperationAndPaymentEachMakeAnotherScopeAndSoAnotherKey() {
        let claims = [
            Self.claim(), Self.claim(caller: "other"), Self.claim(provider: "generic-provider"),
            Self.claim(operation: .confirm), Self.claim(PaymentReference(shopTransactionID: "order-2")),
            Self.claim(PaymentReference(paymentID: "order-1")),
            Self.claim(PaymentReference(shopTransactionID: "order-1", paymentID: "pay-1")),
        ]
        #expect(Set(claims.map { $0?.scope }).count == claims.count)
        #expect(Set(claims.map { $0?.keyHash }).count == claims.count)
        #expect(Self.claim(key: "twice")?.scope == Self.claim()?.scope)
        #expect(Self.claim(key: "twice")?.keyHash != Self.claim()?.keyHash)
    }

    @Test func withoutAKeyThereIsAScopeOnly() {
        #expect(Self.claim(key: nil)?.keyHash == nil)
        #expect(Self.claim(key: nil)?.scope == Self.claim()?.scope)
    }

    @Test func aKeyThatIsACommandIDNamesTheCommandToJoin() {
        let id = CommandID.make(atUnixMilliseconds: 1)
        #expect(Self.claim(key: id.value)?.joins == id)
        #expect(Self.claim(key: id.value)?.keyHash != nil)
    }

    @Test(arguments: [
        "", "0123456789abcdef0123456789abcde", "0123456789ABCDEF0123456789ABCDEF", "g123456789abcdef0123456789abcdef",
    ])
    func whatIsNoHashIsNoScope(scope: String) {
        #expect(IdempotencyClaim(scope: scope, keyHash: nil, joins: nil) == nil)
    }

    @Test func whatIsNoHashIsNoKey() {
        let scope = String(repeating: "a", count: 32)
        #expect(IdempotencyClaim(scope: scope, keyHash: scope, joins: nil) == nil)
        #expect(IdempotencyClaim(scope: scope, keyHash: String(repeating: "b", count: 64), joins: nil) != nil)
    }

    @Test func partsDoNotRunTogether() {
        #expect(IdempotencyClaim.fingerprint(["ab", "c"]) != IdempotencyClaim.fingerprint(["a", "bc"]))
        #expect(IdempotencyClaim.fingerprint([]) != IdempotencyClaim.fingerprint([""]))
    }
}
