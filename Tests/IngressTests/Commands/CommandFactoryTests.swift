import Providers
import Shared
import Testing

@testable import Ingress

struct CommandFactoryTests {
    private static let id = CommandID.make(atUnixMilliseconds: 1)

    private static func factory(_ description: ProviderDescription, _ operation: Operation) throws -> CommandFactory {
        CommandFactory(description: description, operation: try description.operation(operation).unwrapped())
    }

    private static func query(
        _ description: ProviderDescription, _ parameters: [(String, String)]
    ) throws -> Command {
        try factory(description, .status).command(
            query: parameters.map { RawCallback.Parameter(name: $0.0, value: $0.1) }, id: id, now: 5)
    }

    private static func body(
        _ description: ProviderDescription, _ operation: Operation, _ text: String
    ) throws -> Command {
        try factory(description, operation).command(
            body: Array(text.utf8), id: id, from: RequestIdentity(caller: "test"),
            method: description.methods.first, now: 5)
    }

    private static let generic = GenericProvider.description
    private static let stripe = StripeProvider.description

    @Test(arguments: ["shopTransactionId", "shopTransactionID"])
    func bothSpellingsOfTheMerchantsIdentifierAreTaken(name: String) throws {
        let command = try Self.query(Self.generic, [(name, "order-1")])
        #expect(command.reference == PaymentReference(shopTransactionID: "order-1"))
    }

    @Test(arguments: ["paymentId", "paymentID"])
    func bothSpellingsOfTheProvidersIdentifierAreTaken(name: String) throws {
        #expect(try Self.query(Self.stripe, [(name, "cs_1")]).reference == PaymentReference(paymentID: "cs_1"))
    }

    @Test func bothSpellingsWithTheSameValueAreTakenAndWithDifferentOnesRefused() throws {
        let same = try Self.query(Self.generic, [("paymentId", "p-1"), ("paymentID", "p-1")])
        #expect(same.reference.paymentID == "p-1")
        let error = try #require(throws: ErrorResponse.self) {
            try Self.query(Self.generic, [("paymentId", "p-1"), ("paymentID", "p-2")])
        }
        #expect(error.code == .invalidParameter)
        #expect(error.details?.map(\.field) == ["paymentId"])
    }

    @Test func aMissingIdentifierIsNamed() throws {
        let needsPayment = try #require(throws: ErrorResponse.self) {
            try Self.query(Self.stripe, [("shopTransactionId", "order-1")])
        }
        #expect(needsPayment.details?.map(\.field) == ["paymentId"])
        #expect(needsPayment.message.contains("stripe"))
        let needsEither = try #require(throws: ErrorResponse.self) { try Self.query(Self.generic, []) }
        #expect(needsEither.details?.map(\.field) == ["shopTransactionId, paymentId"])
        let empty = try #require(throws: ErrorResponse.self) { try Self.query(Self.stripe, [("paymentId", "")]) }
        #expect(empty.details?.map(\.field) == ["paymentId"])
    }

    @Test(arguments: [String(repeating: "x", count: 129), "caf\u{E9}", "a\nb", "\u{0}"])
    func anIllFormedIdentifierIsRefusedWithoutBeingShown(value: String) throws {
        let error = try #require(throws: ErrorResponse.self) { try Self.query(Self.generic, [("paymentId", value)]) }
        #expect(error.details?.map(\.field) == ["paymentId"])
        #expect(!error.message.contains(value))
    }

    @Test func withoutAnIdentifierOfTheMerchantsAStripePaymentIsKnownByItsCommand() throws {
        let redirects = #""successRedirect":"http://a.invalid","failureRedirect":"http://b.invalid""#
        let without = try Self.body(Self.stripe, .pay, #"{"amount":"5.00",\#(redirects)}"#)
        #expect(without.reference.shopTransactionID == Self.id.value)
        let with = try Self.body(Self.stripe, .pay, #"{"amount":"5.00","shopTransactionID":"order-1",\#(redirects)}"#)
        #expect(with.reference.shopTransactionID == "order-1")
    }

    @Test func unknownFieldsAndNullsAreNotPassedOn() throws {
        let text = #"{"amount":"5","shopTransactionID":"order-1","creditCardToken":null,"surprise":{"a":[1]}}"#
        let command = try Self.body(Self.generic, .pay, text)
        let expected: [String: JSONValue] = ["amount": .string("5"), "shopTransactionID": .string("order-1")]
        #expect(command.payload.body == expected)
        #expect(command.amount == Money(minorUnits: 500))
        #expect(command.acceptedAtMilliseconds == 5)
        #expect(command.paymentMethod == "credit-cards")
    }

    @Test func aFollowUpCallThatNamesTheOtherIdentifierOnlyIsRefusedWithTheOneThatIsNeeded() throws {
        let error = try #require(throws: ErrorResponse.self) {
            try Self.body(Self.stripe, .refund, #"{"shopTransactionID":"order-1"}"#)
        }
        #expect(error.code == .invalidField)
        #expect(error.details?.map(\.field) == ["paymentID"])
        #expect(throws: ErrorResponse.self) { try Self.body(Self.generic, .refund, #"{"amount":"1.00"}"#) }
    }

    @Test func aPaymentWithBothIdentifiersRunsInTheLaneOfTheMerchants() throws {
        let command = try Self.body(
            Self.generic, .refund, #"{"amount":"1.00","shopTransactionID":"order-1","paymentID":"p-1"}"#)
        #expect(command.lane == .shopTransaction("order-1"))
    }
}
