import Providers
import Shared

/// A column of the table: something that happens to a call, or to a callback, of any operation of any provider.
enum Scenario: String, CaseIterable, Sendable, CustomStringConvertible {
    case succeeds = "each operation succeeds"
    case declined = "declined"
    case providerError = "provider error"
    case throttled = "throttled"
    case timeoutBeforeEffect = "timeout before the effect"
    case timeoutAfterEffect = "timeout after the effect"
    case cutConnection = "connection cut after the effect"
    case malformedAnswer = "malformed answer"
    case wrongTypedAnswer = "wrong-typed answer"
    case hugeAnswer = "huge answer"
    case callbackRepeated = "callback repeated"
    case callbacksReordered = "callbacks reordered"
    case callbackForged = "callback forged"
    case callbackStale = "callback stale"
    case smallestAmount = "smallest amount"
    case largestAmount = "largest amount"
    case refusedAmount = "amount refused"
    case nothingSecret = "nothing secret shown"

    var description: String { rawValue }

    /// Whether it can happen to an operation, by what the provider's description says of both.
    func applies(to operation: OperationDescription, of description: ProviderDescription) -> Bool {
        switch self {
        case .succeeds, .declined, .providerError, .throttled, .timeoutBeforeEffect, .cutConnection, .malformedAnswer,
            .wrongTypedAnswer, .hugeAnswer, .nothingSecret:
            true
        case .timeoutAfterEffect: operation.effect != .none
        case .callbackRepeated, .callbacksReordered: operation.operation == .callback
        case .callbackForged: operation.operation == .callback && description.callbackProof != .none
        case .callbackStale: operation.operation == .callback && description.callbackToleranceSeconds != nil
        case .smallestAmount, .largestAmount, .refusedAmount: operation.amountField != nil
        }
    }
}

extension ProviderDescription {
    /// How far the time of a callback may be from now; `nil` where its proof knows no time.
    var callbackToleranceSeconds: Int64? {
        if case .timedSignature(let seconds) = callbackProof { return seconds }
        return nil
    }
}

extension OperationDescription {
    /// The field that says how much, where the body has one.
    var amountField: FieldSchema? {
        body?.fields.first { field in
            if case .amount = field.type { return field.name == "amount" }
            return false
        }
    }

    /// Whether nothing is an amount.
    var takesZero: Bool {
        if case .amount(let zeroAllowed)? = amountField?.type { return zeroAllowed }
        return false
    }
}
