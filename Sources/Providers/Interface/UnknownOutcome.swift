public import Shared

/// What a caller is told of a command whose outcome is not known, by the ingress and by workers alike.
public struct UnknownOutcome: Sendable, Hashable {
    /// The command.
    public let commandID: CommandID
    /// Whether the same request again cannot have its effect twice.
    public let repeatIsSafe: Bool
    /// Whether and how to repeat, as the end of a message for people.
    public let advice: String

    /// Tells it of a command whose operation has this effect.
    ///
    /// A repeat is safe when nothing is changed, when the request carried an idempotency key, and when it starts a
    /// payment that the caller named: that payment is known again. A name that took the place of a missing one does
    /// not count, since the repeat would get another.
    public init(of command: Command, effect: OperationDescription.Effect) {
        commandID = command.id
        let header = IdempotencyHeaderName.key
        if effect == .none {
            (repeatIsSafe, advice) = (true, "repeating is safe")
        } else if command.claim?.keyHash != nil {
            (repeatIsSafe, advice) = (true, Self.joining("the same request with the same \(header)"))
        } else if Self.startsNamedPayment(command) {
            (repeatIsSafe, advice) = (true, Self.joining("the same request again"))
        } else {
            let request = "the same request with the header \(header): \(command.id)"
            (repeatIsSafe, advice) = (false, Self.joining(request))
        }
    }

    /// Completes a failure: its message ends with the advice.
    public func complete(_ error: inout ErrorResponse) {
        error.message += "; " + advice
        error.commandID = commandID
        error.repeatIsSafe = repeatIsSafe
    }

    private static func joining(_ request: String) -> String {
        "the outcome is not known; \(request) joins the first one instead of running again"
    }

    private static func startsNamedPayment(_ command: Command) -> Bool {
        guard command.operation == .pay || command.operation == .payRecurrent else { return false }
        return command.payload.body?["shopTransactionID"]?.stringValue != nil
    }
}
