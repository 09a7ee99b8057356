import Shared

/// What is done with a `pay` or `pay/recurrent`, given what is known of its payment.
enum PayGuard {
    /// The answer of the guard.
    enum Decision: Sendable, Hashable {
        /// A new attempt.
        case start
        /// The recorded answer of this very command, or of an earlier one that it repeats.
        case answer(PaymentAttempt, isReplayed: Bool)
        /// The last attempt has to be cleared up first; then the question is asked again.
        case recover
        /// The payment exists with another content.
        case mismatch(FieldIssue)
    }

    /// Decides, from the record alone: who asks when makes no difference.
    /// - Parameter isSameProducts: whether the command asks for the products of an attempt, by their code.
    static func decide(
        _ command: Command, isSameProducts: (String?) -> Bool, record: PaymentRecord?
    ) -> Decision {
        guard let record, let last = record.last else { return .start }
        if let own = record.attempt(of: command.id) {
            return own.effect.answer == nil ? .recover : .answer(own, isReplayed: false)
        }
        if last.hasEndedWithoutEffect { return .start }
        if let issue = difference(of: command, isSameProducts, from: last) { return .mismatch(issue) }
        return last.effect.answer == nil ? .recover : .answer(last, isReplayed: true)
    }

    private static func difference(
        of command: Command, _ isSameProducts: (String?) -> Bool, from last: PaymentAttempt
    ) -> FieldIssue? {
        let text = "differs from the payment that this shopTransactionID names already"
        if command.operation != last.effect.operation { return FieldIssue(field: "operation", issue: text) }
        if command.paymentMethod != last.effect.paymentMethod {
            return FieldIssue(field: "paymentMethod", issue: text)
        }
        if command.amount != last.effect.amount { return FieldIssue(field: "amount", issue: text) }
        return isSameProducts(last.productsCode) ? nil : FieldIssue(field: "products", issue: text)
    }
}
