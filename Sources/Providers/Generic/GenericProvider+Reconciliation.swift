public import Shared

extension GenericProvider {
    /// How lost calls are cleared up, as the setting `RECOVERY` says.
    public func recovery(of operation: Operation) -> EffectRecovery { client.recovery.effectRecovery }

    /// Tells what became of an execution whose answer was lost, by reading alone.
    ///
    /// The provider lists all payments of a reference and all refunds of a payment in one answer, so that what is not
    /// there (once the visibility lag is over) did not happen.
    public func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        try await ProviderFailure.leavingInDoubt { () async throws(ProviderFailure) in try await lookUp(call) }
    }

    private func lookUp(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch call.operation {
        case .pay, .payRecurrent:
            guard let reference = call.reference.shopTransactionID else { throw ProviderFailure.incompleteCall }
            return try await client.payments(reference: reference, call)
                .first { $0.attemptReference == call.idempotencyKey }
                .map { .payment(GenericMapping.reply(to: $0)) }
        case .confirm:
            return try await payments(of: call).first { $0.captureReference == call.idempotencyKey }
                .map { .payment(GenericMapping.reply(to: $0)) }
        case .refund:
            for payment in try await payments(of: call) {
                guard let refund = try await refund(made: call, of: payment.id) else { continue }
                return .payment(GenericMapping.reply(to: refund, of: payment))
            }
            return nil
        case .payExpire: return try await stateAfterEnd(call, GenericProvider.expiry)
        case .payRecurrentExpire: return try await stateAfterEnd(call, GenericProvider.endOfSeries)
        case .sessionConfirm, .sessionVoid, .sessionRefund: return try await settlement(call)
        case .sessionOpen:
            // A session charges nobody, and one whose token was lost can be used by nobody: neither by the buyer, who
            // never got the token, nor by this service. Whether it is there makes no difference: another is opened.
            return nil
        case .callback, .check, .status, .sessionCheck: throw ProviderFailure.operationMissing
        }
    }

    /// An end of a payment or a series, by what it left.
    ///
    /// It needs no reference of its own: what has ended stays ended, whoever did it, and is answered alike. What is
    /// still open was not ended, and may be ended anew without harm.
    private func stateAfterEnd(
        _ call: ProviderCall, _ answer: (GenericWire.Payment) -> PaymentReply?
    ) async throws(ProviderFailure) -> ProviderAnswer? {
        guard let paymentID = call.reference.paymentID else { throw ProviderFailure.incompleteCall }
        let payment = try await client.payment(paymentID, call)
        if payment.status == "pending" { return nil }
        guard let reply = answer(payment) else { throw ProviderFailure.undecided }
        return .payment(reply)
    }

    private func settlement(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        // A session that has no transaction never had one, so nothing was done to it.
        guard let transactionID = try await transactionID(of: call) else { return nil }
        let payment = try await client.payment(transactionID, call)
        var reply = GenericMapping.reply(to: payment)
        switch call.operation {
        case .sessionConfirm where payment.captureReference == call.idempotencyKey: break
        case .sessionVoid where payment.voidReference == call.idempotencyKey: reply.result = .ok
        case .sessionRefund:
            guard let refund = try await refund(made: call, of: transactionID) else { return nil }
            reply = GenericMapping.reply(to: refund, of: payment)
        default: return nil
        }
        return GenericMapping.sessionReply(
            reply.result, reply.resultDescription, transactionID: transactionID, authCode: payment.authCode)
    }

    private func refund(
        made call: ProviderCall, of paymentID: String
    ) async throws(ProviderFailure) -> GenericWire.Refund? {
        try await client.refunds(of: paymentID, call).first { $0.refundReference == call.idempotencyKey }
    }
}
