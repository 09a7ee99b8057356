public import Shared

extension GenericProvider {
    /// Tells what became of an execution whose answer was lost, by reading alone.
    public func reconcile(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        switch call.operation {
        case .pay, .payRecurrent:
            let payments = try await client.payments(reference: call.reference.shopTransactionID ?? "", call)
            return payments.first.map { .payment(GenericMapping.reply(to: $0)) }
        case .refund:
            let payment = try await payment(of: call)
            return try await refund(made: call, of: payment.id).map { .payment(GenericMapping.reply(to: $0)) }
        case .confirm:
            guard call.amount != nil else { throw ProviderFailure.incompleteCall }
            let payment = try await reservedPayment(of: call)
            return payment.status == "captured" ? .payment(GenericMapping.reply(to: payment)) : nil
        case .payExpire, .payRecurrentExpire:
            // Only a payment that is still open changes by these; of any other they tell what it is.
            let payment = try await payment(of: call)
            return payment.status == "pending" ? nil : try await execute(call)
        case .sessionConfirm, .sessionVoid, .sessionRefund: return try await settlement(call)
        case .sessionOpen:
            // A session cannot be found by reference; another one costs nothing, and the key gives the same again.
            return nil
        case .callback, .check, .status, .sessionCheck: throw ProviderFailure.operationMissing
        }
    }

    /// The provider keeps keys for a day; a margin is left for clocks that differ.
    public func recovery(of operation: Operation) -> EffectRecovery { .repeatUnderKey(life: .seconds(23 * 3600)) }

    private func settlement(_ call: ProviderCall) async throws(ProviderFailure) -> ProviderAnswer? {
        guard let transactionID = try await transactionID(of: call) else { return nil }
        let payment = try await client.payment(transactionID, call)
        var reply = GenericMapping.reply(to: payment)
        switch call.operation {
        case .sessionConfirm where payment.status == "captured": break
        case .sessionVoid where payment.status == "voided": reply.result = .ok
        case .sessionRefund:
            guard let refund = try await refund(made: call, of: transactionID) else { return nil }
            reply = GenericMapping.reply(to: refund)
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
