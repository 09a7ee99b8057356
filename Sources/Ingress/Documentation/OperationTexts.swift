import Providers
import Shared

/// What the documentation says of an operation, whoever the provider is.
struct OperationTexts: Sendable {
    let summary: String
    let description: String
    /// Name of the reply's schema; none for an empty answer.
    let reply: String?
    let replyStatus: Int
    let replyDescription: String

    init(_ operation: Operation) {
        let outcome = "The outcome; a refusal by the provider is result KO, not an error."
        (reply, replyStatus, replyDescription) =
            switch operation {
            case .callback: (nil, 200, "The callback is stored, or concerns nothing that is kept here.")
            case .check: ("CheckReply", 202, "The question is stored; the answer will be notified.")
            case .status: ("StatusReply", 200, "The state that the provider reports now.")
            case .sessionOpen: ("SessionOpenReply", 200, outcome)
            case .sessionConfirm, .sessionVoid, .sessionRefund: ("SessionReply", 200, outcome)
            case .sessionCheck: ("SessionCheckReply", 200, "The state that the provider reports now.")
            default: ("PaymentReply", 200, outcome)
            }
        (summary, description) = Self.texts(operation)
    }

    private static func texts(_ operation: Operation) -> (String, String) {
        switch operation {
        case .pay:
            ("Start a payment", "REDIRECT_TO_URL sends the buyer on; the outcome arrives as a notification.")
        case .payRecurrent:
            ("Pay an instalment or start a subscription", "Later payments of a plan refer to the first one.")
        case .payExpire: ("Expire a payment", "Ends a payment that the buyer has not made yet.")
        case .payRecurrentExpire: ("Expire a subscription", "Ends it now, at the end of its period or on a day.")
        case .confirm: ("Confirm a pre-authorised payment", "Takes the reserved money.")
        case .refund:
            (
                "Refund a payment",
                "Several partial refunds are possible up to the amount paid; PENDING is not finished yet."
            )
        case .callback:
            ("Take the provider's callback", "Called by the provider in its own format, which its signature proves.")
        case .check: ("Verify a payment and notify", "Asks the provider; a final outcome is notified to the merchant.")
        case .status: ("State of a payment", "Asks the provider and answers at once; nothing is notified.")
        case .sessionOpen: ("Open a session", "Opens a session at the provider; its token names it later.")
        case .sessionConfirm: ("Settle a session's transaction", "Takes the money of the session's transaction.")
        case .sessionVoid: ("Void a session's transaction", "Cancels the session's transaction.")
        case .sessionRefund: ("Refund a session's transaction", "Gives the money back, wholly or partly.")
        case .sessionCheck: ("State of a session", "Asks the provider and answers at once.")
        }
    }

    /// The errors that a supported operation can answer, without those of every path.
    static func errors(of operation: OperationDescription, requiresKey: Bool) -> [ErrorCode] {
        var codes: [ErrorCode] = [.tooManyRequests, .internalError, .notStored, .overloaded]
        let kind = operation.operation
        if kind == .callback {
            return codes + [.invalidField, .invalidSignature, .requestTimeout, .bodyTooLarge]
        }
        if requiresKey { codes.append(.unauthorized) }
        if operation.body == nil {
            codes.append(.invalidParameter)
        } else {
            codes += [.invalidJSON, .invalidField, .invalidParameter, .requestTimeout, .bodyTooLarge]
            codes += [.unsupportedMediaType, .requestStillRunning, .idempotencyKeyReused]
            if [.pay, .payRecurrent].contains(kind) { codes.append(.paymentMismatch) }
        }
        if kind.isSynchronous {
            codes += [.providerError, .providerUnavailable, .outcomeUnknown]
            let startsSomething: Set<Operation> = [.pay, .payRecurrent, .sessionOpen]
            if !startsSomething.contains(kind) { codes.append(.unknownTransaction) }
        }
        return codes
    }
}
