import Providers
import Shared
import Testing

struct UnknownOutcomeTests {
    private static func command(
        _ operation: Shared.Operation, body: [String: JSONValue] = [:], key: String? = nil
    ) -> Command {
        let reference = PaymentReference(shopTransactionID: "order-1")
        var command = Command(
            id: CommandID.make(atUnixMilliseconds: 1), provider: ProviderName("stripe"), operation: operation,
            reference: reference, acceptedAtMilliseconds: 1, payload: CommandPayload(body: body))
        command.claim = IdempotencyClaim(
            caller: "c", provider: command.provider, operation: operation, reference: reference, key: key)
        return command
    }

    private static let named: [String: JSONValue] = ["shopTransactionID": "order-1"]

    static let safe: [(Shared.Operation, [String: JSONValue], String?, OperationDescription.Effect)] = [
        (.status, [:], nil, .none), (.pay, named, nil, .onceByKey), (.payRecurrent, named, nil, .onceUnprotected),
        (.refund, named, "k", .onceByKey), (.pay, [:], "k", .onceByKey),
    ]
    static let safeByCommand: [(Shared.Operation, [String: JSONValue])] = [
        (.pay, [:]), (.refund, named), (.sessionOpen, named),
    ]

    @Test(arguments: safe)
    func aRepeatIsSafe(
        operation: Shared.Operation, body: [String: JSONValue], key: String?, effect: OperationDescription.Effect
    ) {
        let outcome = UnknownOutcome(of: Self.command(operation, body: body, key: key), effect: effect)
        #expect(outcome.repeatIsSafe)
        #expect(!outcome.advice.contains("Idempotency-Key:"))
    }

    @Test(arguments: safeByCommand)
    func aRepeatIsSafeByTheCommandAlone(operation: Shared.Operation, body: [String: JSONValue]) {
        let command = Self.command(operation, body: body)
        let outcome = UnknownOutcome(of: command, effect: .onceByKey)
        #expect(!outcome.repeatIsSafe)
        #expect(outcome.advice.contains("Idempotency-Key: \(command.id)"))
    }

    @Test func aFailureIsCompletedAndKeepsItsWords() {
        let command = Self.command(.refund)
        var error = ErrorResponse(.providerError, "the provider fell over")
        UnknownOutcome(of: command, effect: .onceByKey).complete(&error)
        #expect(error.message.hasPrefix("the provider fell over; the outcome is not known; "))
        #expect(error.commandID == command.id)
        #expect(error.repeatIsSafe == false)
    }
}
