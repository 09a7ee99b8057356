import Providers
import Shared

@testable import Worker

extension ProviderAnswer {
    /// A reply to a payment.
    static func sample(_ result: PaymentResult, paymentID: String? = "pay-9") -> ProviderAnswer {
        .payment(PaymentReply(result: result, resultDescription: "said", paymentID: paymentID))
    }
}

extension RecordedAnswer {
    /// An answer of the provider, or with a status from 500 one of our own.
    static func sample(
        _ label: String, statusCode: Int = 200, effect: Effect = .happened, paymentID: String? = "pay-9"
    ) -> RecordedAnswer {
        RecordedAnswer(
            statusCode: statusCode, body: "{}", label: label, found: PaymentReference(paymentID: paymentID),
            effect: effect, settledAtMilliseconds: Workshop.now)
    }
}

extension EffectState {
    static func sample(_ command: Command, _ answer: RecordedAnswer? = nil) -> EffectState {
        EffectState(
            commandID: command.id, operation: command.operation, paymentMethod: command.paymentMethod,
            reference: command.reference, amount: command.amount, lane: command.lane.key, request: [:],
            requestCode: "code", providerKey: "key", firstAttemptedAtMilliseconds: Workshop.now,
            durationMilliseconds: 22_000, answer: answer)
    }
}

extension PaymentRecord {
    /// A payment with an attempt for each command.
    static func sample(
        _ attempts: [(command: Command, answer: RecordedAnswer?)], final: PaymentStatus? = nil,
        productsCode: String? = nil
    ) -> PaymentRecord {
        var record = PaymentRecord(shopTransactionID: "order-1")
        for attempt in attempts {
            record.begin(.sample(attempt.command, attempt.answer), productsCode: productsCode)
        }
        guard var last = record.last else { return record }
        last.final = final
        record.attempts[record.attempts.count - 1] = last
        return record
    }
}

extension Workshop {
    static func claimed(_ command: Command, key: String, caller: String = "shop") -> Command {
        var claimed = command
        claimed.claim = IdempotencyClaim(
            caller: caller, provider: command.provider, operation: command.operation, reference: command.reference,
            key: key)
        return claimed
    }

    static func with(_ body: [String: JSONValue], _ command: Command) -> Command {
        var changed = command
        changed.payload = CommandPayload(body: body)
        return changed
    }

    /// The error that a reply carries.
    static func error(_ reply: Reply?) throws -> ErrorResponse {
        try JSONCoding.decode(ErrorResponse.self, from: reply.unwrapped().body)
    }
}
